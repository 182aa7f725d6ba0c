// Requests from the door to their answer, whoever brought them: budgets, admission, timers,
// fallbacks, books.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/answer_response.h"
#include "server/api/plan.h"
#include "server/app/completion_inbox.h"
#include "server/app/conductor_books.h"
#include "server/app/desk_cache.h"
#include "server/app/fallbacks.h"
#include "server/app/load_hints.h"
#include "server/app/published.h"
#include "server/app/request_records.h"
#include "server/control/captures.h"
#include "server/net/event_loop.h"
#include "server/serve/answer_slots.h"
#include "server/serve/guard.h"
#include "server/serve/miss_ring.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"
#include "server/serve/spare_tickets.h"
#include "server/trace/tracer.h"

namespace baton::app {

// Whoever brought the requests of a desk, and takes their answers away. All calls come on the loop
// thread.
class Front : public FallbackForms {
 public:
  // The one answer of a request. `body` is that of a prediction or a fallback, and may be left as a
  // buffer to be used again. RequestDesk::Sent or Abandon follows, from inside this call or later.
  virtual void Send(RequestRecords::Index index, const api::AnswerView& view,
                    std::string& body) = 0;
  // Asked of the requests of a turn while the loop is behind: a client that has left meanwhile is
  // abandoned inside this call.
  virtual void CloseIfClientHasLeft(RequestRecords::Index index) = 0;
};

// What all desks share. Everything outlives them.
struct DeskParts {
  serve::PendingResponses& pending;
  serve::Scheduler& scheduler;
  serve::Scheduler& reserve;  // of one worker, for cheaper models that are fallbacks
  serve::MissRing& misses;
  const LoadHints* load = nullptr;        // for answers that shall tell of it; null: none does
  trace::Tracer* tracer = nullptr;        // null: nobody is told of requests
  control::Captures* captures = nullptr;  // null: there are none
};

// One loop's part of the pending responses, with its timers. It never blocks and never runs model
// code.
//
// Threads: the loop's.
// Invariant: every request that was received ends in exactly one ConductorBooks::Close.
class RequestDesk {
 public:
  using Index = RequestRecords::Index;

  // `number` is of this desk alone: request ids are made of it.
  RequestDesk(net::EventLoop& loop, Front& front, const DeskParts& parts, metrics::Shard& shard,
              std::uint32_t number);

  // What is served, and how, from now on.
  void Use(Published published) BATON_REQUIRES(on_loop) { published_ = std::move(published); }
  const api::Catalogue& catalogue() const BATON_REQUIRES(on_loop) { return *published_.catalogue; }
  const serve::EndpointPolicy& PolicyOf(const serve::Endpoint& endpoint) const
      BATON_REQUIRES(on_loop) {
    return (*published_.policies)[endpoint.index];
  }

  // The steps of a request. The first one opens its record and counts it as received; then any of
  // the answers below, or the rest in this order.
  Index Receive(const serve::Endpoint& endpoint, SteadyTime arrival) BATON_REQUIRES(on_loop);
  // Its budget, by the smallest that it asks for. False when it was answered for that.
  bool GrantBudget(Index index, const std::optional<Duration>& smallest, SteadyTime complete_at)
      BATON_REQUIRES(on_loop);
  // It is answered out of its model's cache, waits for an equal request, or is submitted at the end
  // of the turn. `body` may be exchanged for an empty buffer.
  void Admit(Index index, const api::Plan& plan, std::string& body) BATON_REQUIRES(on_loop);

  // Instead of Admit, where the model of the plan's endpoint does not answer now: what the endpoint
  // declares for a miss, a cheaper model too, or a refusal for `reason`.
  void AnswerUnavailable(Index index, const api::Plan& plan, std::string& body, const Error& reason)
      BATON_REQUIRES(on_loop);

  struct MissDetails {
    const Error* error = nullptr;
    Duration retry_after = Duration::zero();
  };
  void AnswerMiss(Index index, serve::Answer answer, serve::Cause cause, const MissDetails& details)
      BATON_REQUIRES(on_loop);
  // `retry_after`: when the same would not be invalid; zero: never.
  void AnswerInvalid(Index index, std::optional<int> status, const Error& error,
                     Duration retry_after = Duration::zero()) BATON_REQUIRES(on_loop);

  // The ends of a request; its record is gone afterwards.
  // The client left before its answer.
  void Abandon(Index index) BATON_REQUIRES(on_loop);
  // The answer has been handed to the kernel, or the connection broke on the way.
  // `first_write` is when its write was first tried.
  void Sent(Index index, SteadyTime first_write, SteadyTime done) BATON_REQUIRES(on_loop);
  // One that was answered without Send, as invalid.
  void NoteInvalid(Index index, int status) BATON_REQUIRES(on_loop);

  RequestRecord& record(Index index) BATON_REQUIRES(on_loop) { return records_[index]; }
  std::size_t open() const BATON_REQUIRES(on_loop) { return records_.open(); }

  // While the loop is behind, it looks who has left before it submits.
  void SetBehind(bool is_behind) BATON_REQUIRES(on_loop) { is_behind_ = is_behind; }
  // Nothing is promised beyond it: the end of a drain.
  void SetLatestDeadline(SteadyTime latest) BATON_REQUIRES(on_loop) { latest_deadline_ = latest; }

 private:
  void OnSubmitted(Index index, const serve::Scheduler::Submitted& submitted,
                   std::unique_ptr<serve::Ticket> refused) BATON_REQUIRES(on_loop);
  void SubmitAtEndOfTurn(Index index, std::unique_ptr<serve::Ticket> ticket)
      BATON_REQUIRES(on_loop);
  // Pending from now on. Null when it was answered instead.
  std::unique_ptr<serve::Ticket> TakeTicket(Index index, const api::Plan& plan, std::string& body)
      BATON_REQUIRES(on_loop);
  void SubmitTurn() BATON_REQUIRES(on_loop);
  void DropAbandonedOfTurn() BATON_REQUIRES(on_loop);
  void OnCompletion(serve::Completion&& completion) BATON_REQUIRES(on_loop);
  void OnMove(serve::RequestId id, Deadline earlier) BATON_REQUIRES(on_loop);
  SteadyTime GiveUpAt(const RequestRecord& record, SteadyTime latest_start) const
      BATON_REQUIRES(on_loop);
  void ArmTimer(Index index, SteadyTime wanted) BATON_REQUIRES(on_loop);
  void ArmTimerAt(Index index, SteadyTime at) BATON_REQUIRES(on_loop);
  void CancelTimer(RequestRecord& record) BATON_REQUIRES(on_loop);
  void OnTimer(Index index) BATON_REQUIRES(on_loop);
  void GiveUp(Index index) BATON_REQUIRES(on_loop);
  // True: `ticket` has been taken over.
  bool TryReserve(Index index, std::unique_ptr<serve::Ticket>& ticket, serve::Answer answer,
                  serve::Cause cause) BATON_REQUIRES(on_loop);
  // Leaves `reply` with a buffer that may be used again.
  void AnswerWithReply(Index index, serve::Reply& reply) BATON_REQUIRES(on_loop);
  void Send(Index index, const api::AnswerView& view, std::string& body) BATON_REQUIRES(on_loop);
  void AnswerFallback(Index index, serve::Cause cause, FoundFallback&& fallback)
      BATON_REQUIRES(on_loop);

  // request_desk_cache.cc: what need not run, or not for itself.
  bool AnswerFromCache(Index index, const api::Plan& plan, std::string_view body)
      BATON_REQUIRES(on_loop);
  void AnswerCached(Index index, const serve::CachedAnswer& answer, std::optional<Duration> age)
      BATON_REQUIRES(on_loop);
  void Park(Index index, std::unique_ptr<serve::Ticket> ticket) BATON_REQUIRES(on_loop);
  void OnCached(serve::RequestId id, const std::shared_ptr<const serve::CachedAnswer>& answer)
      BATON_REQUIRES(on_loop);
  void GiveUpParked(Index index) BATON_REQUIRES(on_loop);

  // Set once.
  net::EventLoop& loop_;
  Front& front_;
  const DeskParts parts_;

  // Loop thread.
  CompletionInbox inbox_;
  DeskCache cache_;
  Published published_ BATON_GUARDED_BY(on_loop);
  ConductorBooks books_;
  serve::Guard guard_;
  serve::AnswerSlots slots_;
  RequestRecords records_ BATON_GUARDED_BY(on_loop);
  std::uint64_t next_request_ BATON_GUARDED_BY(on_loop);
  serve::SpareTickets spare_tickets_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<serve::Ticket>> turn_tickets_ BATON_GUARDED_BY(on_loop);
  std::vector<Index> turn_records_ BATON_GUARDED_BY(on_loop);
  std::vector<serve::Scheduler::Submitted> turn_results_ BATON_GUARDED_BY(on_loop);
  std::vector<std::unique_ptr<serve::Ticket>> reserve_ticket_ BATON_GUARDED_BY(on_loop);
  std::vector<serve::Scheduler::Submitted> reserve_result_ BATON_GUARDED_BY(on_loop);
  bool has_abandoned_of_turn_ BATON_GUARDED_BY(on_loop) = false;  // perhaps
  bool is_behind_ BATON_GUARDED_BY(on_loop) = false;
  SteadyTime latest_deadline_ BATON_GUARDED_BY(on_loop) = SteadyTime::max();
};

}  // namespace baton::app
