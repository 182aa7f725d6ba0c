// Requests that are answered out of a response cache, or wait for an equal one.
#include <utility>

#include "server/app/request_desk.h"
#include "server/base/check.h"

namespace baton::app {

// True: it has its answer.
bool RequestDesk::AnswerFromCache(Index index, const api::Plan& plan, std::string_view body) {
  RequestRecord& record = records_[index];
  const auto found = cache_.Look(record, plan, body, record.admitted);
  if (found.state == serve::CacheState::kNone) return false;
  const Duration took = loop_.ReadClock() - record.admitted;
  if (!found.answer) {
    if (found.state == serve::CacheState::kMiss) plan.version->books.CountCacheMiss(took);
    return false;
  }
  plan.version->books.CountCacheHit(took);
  AnswerCached(index, *found.answer, found.age);
  return true;
}

void RequestDesk::AnswerCached(Index index, const serve::CachedAnswer& answer,
                               std::optional<Duration> age) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kPrediction;
  api::AnswerView view;
  view.answer = record.answer;
  view.granted_budget = record.deadline.budget();
  view.may_be_gzip = answer.may_be_gzip;
  view.cache = record.cache_state;
  view.age = age;
  if (record.explain) view.stages = StagesOf(record, record.answered);
  std::string body = DeskCache::BodyFor(record, answer);
  if (answer.json_bytes) view.json_bytes = *answer.json_bytes + (body.size() - answer.body.size());
  Send(index, view, body);
}

// It waits as pending requests do, but no worker knows of it.
void RequestDesk::Park(Index index, std::unique_ptr<serve::Ticket> ticket) {
  RequestRecord& record = records_[index];
  cache_.Park(record, std::move(ticket));
  ArmTimer(index, GiveUpAt(record, record.due));
}

void RequestDesk::OnCached(serve::RequestId id,
                           const std::shared_ptr<const serve::CachedAnswer>& answer) {
  const std::optional<std::uint32_t> index = parts_.pending.RecordOf(id);
  if (!index) return;  // gave up, or left; and has said so
  RequestRecord& record = records_[*index];
  if (!record.parked) return;  // gave up, and a cheaper model runs for it
  CancelTimer(record);
  std::unique_ptr<serve::Ticket> ticket = cache_.Release(record);
  if (!answer) {
    record.cache_state = serve::CacheState::kMiss;
    SubmitAtEndOfTurn(*index, std::move(ticket));
    return;
  }
  record.cache.reset();
  const bool is_claimed = parts_.pending.Claim(id).has_value();
  BATON_CHECK(is_claimed);
  spare_tickets_.GiveBack(std::move(ticket));
  if (record.deadline.IsPast(loop_.ReadClock())) {
    AnswerMiss(*index, serve::Answer::kTimeout, serve::Cause::kExpiredInQueue, {});
  } else {
    AnswerCached(*index, *answer, std::nullopt);
  }
}

void RequestDesk::GiveUpParked(Index index) {
  RequestRecord& record = records_[index];
  cache_.Leave(record);
  std::unique_ptr<serve::Ticket> ticket = cache_.Release(record);
  if (TryReserve(index, ticket, serve::Answer::kTimeout, serve::Cause::kExpiredInQueue)) return;
  const bool is_claimed = parts_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);  // no worker has seen it
  spare_tickets_.GiveBack(std::move(ticket));
  AnswerMiss(index, serve::Answer::kTimeout, serve::Cause::kExpiredInQueue, {});
}

}  // namespace baton::app
