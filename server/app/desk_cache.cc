// Keys, copies, and counts of the response caches.
#include "server/app/desk_cache.h"

#include "server/api/catalogue.h"
#include "server/api/fallback_body.h"

namespace baton::app {

using serve::CachedAnswer;
using serve::CacheState;

void CachedInbox::OnCached(serve::RequestId id, std::shared_ptr<const CachedAnswer> answer) {
  {
    MutexLock lock(mutex_);
    items_.emplace_back(id, std::move(answer));
    is_empty_ = false;
  }
  loop_.Wake();
}

void CachedInbox::TakeAllOnLoop() {
  {
    MutexLock lock(mutex_);
    taken_.swap(items_);
    is_empty_ = true;
  }
  for (const Item& item : taken_) on_cached_(item.first, item.second);
  taken_.clear();
}

DeskCache::DeskCache(net::EventLoop& loop, metrics::Shard& shard, CachedInbox::Callback on_cached)
    : shard_(shard), inbox_(loop, std::move(on_cached)) {
  loop.AddInbox(inbox_);
}

serve::ResponseCache::Found DeskCache::Look(RequestRecord& record, const api::Plan& plan,
                                            std::string_view body, SteadyTime now) {
  if (!plan.own) return {CacheState::kNone, nullptr, Duration::zero()};
  record.cache_key = serve::KeyOf({.format = static_cast<std::uint32_t>(plan.format),
                                   .version = plan.version->identity,
                                   .body = body,
                                   .json_bytes = plan.json_bytes,
                                   .own_begin = plan.own->begin,
                                   .own_size = plan.own->size});
  auto found = plan.cache->Look(record.cache_key, now, inbox_, record.id);
  if (found.state == CacheState::kJoined && parked_bytes_ + body.size() > kMostParkedBytes) {
    plan.cache->Leave(record.cache_key, record.id);
    return {CacheState::kNone, nullptr, Duration::zero()};
  }
  record.cache_state = found.state;
  if (found.state != CacheState::kHit) record.cache = plan.cache;
  const serve::EndpointMetrics& books = record.endpoint->metrics;
  switch (found.state) {
    case CacheState::kHit: shard_.Add(books.cache_hits); break;
    case CacheState::kMiss: shard_.Add(books.cache_misses); break;
    case CacheState::kJoined: shard_.Add(books.cache_joined); break;
    case CacheState::kNone: break;
  }
  return found;
}

void DeskCache::Park(RequestRecord& record, std::unique_ptr<serve::Ticket> ticket) {
  parked_bytes_ += ticket->call.body.size();
  record.parked = std::move(ticket);
}

std::unique_ptr<serve::Ticket> DeskCache::Release(RequestRecord& record) {
  parked_bytes_ -= record.parked->call.body.size();
  return std::move(record.parked);
}

void DeskCache::Finish(RequestRecord& record, const serve::Reply& reply, SteadyTime now) {
  if (!record.cache) return;
  auto answer = std::make_shared<CachedAnswer>();
  answer->body.reserve(reply.body.size() - reply.own_size);
  answer->body.append(reply.body, 0, reply.own_begin);
  answer->body.append(reply.body, reply.own_begin + reply.own_size);
  if (reply.json_bytes) answer->json_bytes = *reply.json_bytes - reply.own_size;
  answer->may_be_gzip = reply.may_be_gzip;
  answer->created = now;
  std::exchange(record.cache, nullptr)->Finish(record.cache_key, record.id, std::move(answer));
}

void DeskCache::Leave(RequestRecord& record) {
  if (record.cache) std::exchange(record.cache, nullptr)->Leave(record.cache_key, record.id);
}

std::string DeskCache::BodyFor(const RequestRecord& record, const CachedAnswer& answer) {
  return api::WithId(answer.body, record.protocol_id, record.format);
}

}  // namespace baton::app
