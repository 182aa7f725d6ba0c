// The list in order of use, and the flights of those who wait for one answer.
#include "server/serve/response_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace baton::serve {

std::size_t ResponseCache::BytesOf(const Entry& entry) {
  return entry.answer->body.capacity() + kEntryBytes;
}

ResponseCache::Found ResponseCache::Look(const CacheKey& key, SteadyTime now, CacheWaiter& waiter,
                                         RequestId id) {
  Entries dropped;
  MutexLock lock(mutex_);
  if (const auto at = by_key_.find(key); at != by_key_.end()) {
    const Entries::iterator entry = at->second;
    const Duration age = std::max(Duration::zero(), now - entry->answer->created);
    if (age <= policy_.max_age) {
      entries_.splice(entries_.begin(), entries_, entry);
      ++figures_.hits;
      return {CacheState::kHit, entry->answer, age};
    }
    Drop(entry, dropped);
  }
  const auto [flight, is_new] = flights_.try_emplace(key);
  if (is_new) {
    flight->second.leader = id;
    ++figures_.misses;
    return {CacheState::kMiss, nullptr, Duration::zero()};
  }
  flight->second.joined.emplace(id, &waiter);
  ++figures_.joined;
  return {CacheState::kJoined, nullptr, Duration::zero()};
}

void ResponseCache::Finish(const CacheKey& key, RequestId id,
                           std::shared_ptr<const CachedAnswer> answer) {
  const Entry entry{key, std::move(answer)};
  Entries added = {entry};
  Entries dropped;
  std::map<RequestId, CacheWaiter*> joined;
  {
    MutexLock lock(mutex_);
    const auto flight = flights_.find(key);
    if (flight == flights_.end() || flight->second.leader != id) return;
    joined.swap(flight->second.joined);
    flights_.erase(flight);
    Keep(added, dropped);
  }
  for (const auto& [waiting, waiter] : joined) waiter->OnCached(waiting, entry.answer);
}

void ResponseCache::Leave(const CacheKey& key, RequestId id) {
  RequestId next{};
  CacheWaiter* waiter = nullptr;
  {
    MutexLock lock(mutex_);
    const auto flight = flights_.find(key);
    if (flight == flights_.end()) return;
    auto& joined = flight->second.joined;
    if (flight->second.leader != id) {
      joined.erase(id);
      return;
    }
    if (joined.empty()) {
      flights_.erase(flight);
      return;
    }
    next = joined.begin()->first;
    waiter = joined.begin()->second;
    joined.erase(joined.begin());
    flight->second.leader = next;
  }
  waiter->OnCached(next, nullptr);
}

void ResponseCache::Keep(Entries& added, Entries& dropped) {
  const std::size_t added_bytes = BytesOf(added.front());
  if (added_bytes > policy_.max_bytes / 10) return;
  by_key_.emplace(added.front().key, added.begin());
  entries_.splice(entries_.begin(), added);
  bytes_ += added_bytes;
  ++figures_.stored;
  while (bytes_ > policy_.max_bytes) {
    Drop(std::prev(entries_.end()), dropped);
    ++figures_.evicted;
  }
}

void ResponseCache::Drop(Entries::iterator entry, Entries& dropped) {
  by_key_.erase(entry->key);
  bytes_ -= BytesOf(*entry);
  dropped.splice(dropped.end(), entries_, entry);
}

ResponseCache::Figures ResponseCache::figures() const {
  MutexLock lock(mutex_);
  Figures figures = figures_;
  figures.entries = entries_.size();
  figures.bytes = bytes_;
  figures.flights = flights_.size();
  return figures;
}

}  // namespace baton::serve
