// The life of a request on its loop, from the granted budget to the answer.
#include "server/app/request_desk.h"

#include <algorithm>
#include <utility>

#include "server/api/budget_headers.h"
#include "server/base/check.h"
#include "server/base/duration_text.h"

namespace baton::app {
namespace {

constexpr SteadyTime kNever{};
constexpr std::uint64_t kRequestsPerDesk = std::uint64_t{1} << 48;

}  // namespace

RequestDesk::RequestDesk(net::EventLoop& loop, Front& front, const DeskParts& parts,
                         metrics::Shard& shard, std::uint32_t number)
    : loop_(loop),
      front_(front),
      parts_(parts),
      inbox_(loop, {[this](serve::Completion&& completion) {
                      loop_.AssertOnLoop();
                      OnCompletion(std::move(completion));
                    },
                    [this](serve::RequestId id, Deadline earlier) {
                      loop_.AssertOnLoop();
                      OnMove(id, earlier);
                    }}),
      cache_(loop, shard,
             [this](serve::RequestId id, const std::shared_ptr<const serve::CachedAnswer>& answer) {
               loop_.AssertOnLoop();
               OnCached(id, answer);
             }),
      books_(shard, parts.misses, parts.tracer, parts.captures),
      next_request_(number * kRequestsPerDesk) {
  loop_.AddInbox(inbox_);
}

// In at the door.

RequestDesk::Index RequestDesk::Receive(const serve::Endpoint& endpoint, SteadyTime arrival) {
  const Index index = records_.Open();
  RequestRecord& record = records_[index];
  record.endpoint = &endpoint;
  record.trace.trace_id = NewTraceId();
  record.trace.span = NewSpanId();
  record.deadline = Deadline(arrival, Duration::zero());
  books_.CountReceived(endpoint);
  return index;
}

bool RequestDesk::GrantBudget(Index index, const std::optional<Duration>& smallest,
                              SteadyTime complete_at) {
  RequestRecord& record = records_[index];
  const SteadyTime arrival = record.deadline.arrival();
  const serve::EndpointPolicy& policy = PolicyOf(*record.endpoint);
  record.deadline =
      Deadline(arrival, api::Grant(smallest, policy.default_budget, policy.max_budget));
  if (record.deadline.at() > latest_deadline_) {
    record.deadline = Deadline(arrival, latest_deadline_ - arrival);
  }
  record.has_budget = true;
  record.due = record.deadline.at() - guard_.For(record.deadline.budget());
  if (record.deadline.budget() <= Duration::zero()) {
    AnswerMiss(index, serve::Answer::kTimeout, serve::Cause::kBudgetTooSmall, {});
    return false;
  }
  if (record.deadline.IsPast(complete_at)) {
    const Error late{ErrorCode::kDeadlineExceeded,
                     "the request took longer to arrive than its budget of " +
                         FormatDuration(record.deadline.budget()),
                     {}};
    AnswerInvalid(index, 408, late);
    return false;
  }
  return true;
}

void RequestDesk::Admit(Index index, const api::Plan& plan, std::string& body) {
  RequestRecord& record = records_[index];
  record.id = serve::RequestId{next_request_++};
  record.admitted = loop_.ReadClock();
  record.format = plan.format;
  record.version = plan.version;
  if (plan.cache && AnswerFromCache(index, plan, body)) return;

  std::unique_ptr<serve::Ticket> ticket = TakeTicket(index, plan, body);
  if (!ticket) return;
  if (record.cache_state == serve::CacheState::kJoined) {
    Park(index, std::move(ticket));
  } else {
    SubmitAtEndOfTurn(index, std::move(ticket));
  }
}

void RequestDesk::AnswerUnavailable(Index index, const api::Plan& plan, std::string& body,
                                    const Error& reason) {
  RequestRecord& record = records_[index];
  using Kind = serve::FallbackPolicy::Kind;
  if (PolicyOf(*record.endpoint).fallback.kind == Kind::kModel) {
    record.id = serve::RequestId{next_request_++};
    record.admitted = loop_.ReadClock();
    std::unique_ptr<serve::Ticket> ticket = TakeTicket(index, plan, body);
    if (!ticket) return;
    if (TryReserve(index, ticket, serve::Answer::kRefused, serve::Cause::kModelUnavailable)) return;
    const bool is_claimed = parts_.pending.Claim(record.id).has_value();
    BATON_CHECK(is_claimed);  // no worker has seen it
    spare_tickets_.GiveBack(std::move(ticket));
  }
  AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kModelUnavailable, {&reason, {}});
}

std::unique_ptr<serve::Ticket> RequestDesk::TakeTicket(Index index, const api::Plan& plan,
                                                       std::string& body) {
  const RequestRecord& record = records_[index];
  std::unique_ptr<serve::Ticket> ticket = spare_tickets_.Take();
  ticket->id = record.id;
  ticket->endpoint = plan.endpoint;
  ticket->handler = plan.handler;
  ticket->lease = plan.version;
  ticket->call.body.swap(body);
  ticket->call.body_is_gzip = plan.body_is_gzip;
  ticket->call.takes_gzip = plan.takes_gzip;
  ticket->call.json_bytes = plan.json_bytes;
  ticket->deadline = record.deadline;
  ticket->due = record.due;
  ticket->admitted = record.admitted;
  ticket->criticality = record.criticality;
  ticket->sink = &inbox_;
  serve::PendingResponse pending{ticket->promise.future(), record.deadline, index};
  if (!parts_.pending.Add(record.id, std::move(pending))) {
    AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kPendingFull, {});
    return nullptr;
  }
  return ticket;
}

void RequestDesk::SubmitAtEndOfTurn(Index index, std::unique_ptr<serve::Ticket> ticket) {
  if (turn_tickets_.empty()) {
    loop_.AtEndOfTurn([this] {
      loop_.AssertOnLoop();
      SubmitTurn();
    });
  }
  turn_tickets_.push_back(std::move(ticket));
  turn_records_.push_back(index);
}

// One lock for all tickets of the turn.
void RequestDesk::SubmitTurn() {
  if (is_behind_ || has_abandoned_of_turn_) DropAbandonedOfTurn();
  has_abandoned_of_turn_ = false;
  parts_.scheduler.Submit(turn_tickets_, turn_results_);
  for (std::size_t i = 0; i < turn_results_.size(); ++i) {
    OnSubmitted(turn_records_[i], turn_results_[i], std::move(turn_tickets_[i]));
  }
  turn_tickets_.clear();
  turn_records_.clear();
}

// The client may have left since its request came in this turn; its record is closed. A loop that
// is behind asks the kernel, which may know already.
void RequestDesk::DropAbandonedOfTurn() {
  // First all of them: closing a connection abandons its other requests, too.
  for (std::size_t i = 0; is_behind_ && i < turn_tickets_.size(); ++i) {
    if (!parts_.pending.IsPending(turn_tickets_[i]->id)) continue;
    front_.CloseIfClientHasLeft(turn_records_[i]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < turn_tickets_.size(); ++i) {
    if (!parts_.pending.IsPending(turn_tickets_[i]->id)) continue;
    if (kept != i) turn_tickets_[kept] = std::move(turn_tickets_[i]);
    turn_records_[kept++] = turn_records_[i];
  }
  turn_tickets_.resize(kept);
  turn_records_.resize(kept);
}

void RequestDesk::OnSubmitted(Index index, const serve::Scheduler::Submitted& submitted,
                              std::unique_ptr<serve::Ticket> refused) {
  RequestRecord& record = records_[index];
  const serve::Decision& decision = submitted.decision;
  record.scheduler = &parts_.scheduler;
  record.was_decided = true;
  record.predicted_wait = decision.predicted_wait;
  record.most_wait = decision.most_wait;
  record.allowance = decision.allowance;
  record.was_admitted = decision.admit;
  if (decision.admit) {
    record.handle = submitted.handle;
    ArmTimer(index, GiveUpAt(record, submitted.latest_start));
    return;
  }
  if (TryReserve(index, refused, decision.answer, decision.cause)) return;
  const bool is_claimed = parts_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);  // no worker has seen it
  spare_tickets_.GiveBack(std::move(refused));
  AnswerMiss(index, decision.answer, decision.cause, {nullptr, submitted.drain});
}

// The cheaper model that the endpoint declares runs on the reserved worker, if there is time for
// it.
bool RequestDesk::TryReserve(Index index, std::unique_ptr<serve::Ticket>& ticket,
                             serve::Answer answer, serve::Cause cause) {
  RequestRecord& record = records_[index];
  const serve::FallbackPolicy& fallback = PolicyOf(*record.endpoint).fallback;
  if (fallback.kind != serve::FallbackPolicy::Kind::kModel || record.is_on_reserve) return false;
  const Result<api::Plan> plan = catalogue().PlanFor(fallback.model, {}, record.format);
  if (!plan || plan->handler == nullptr) return false;
  ticket->endpoint = plan->endpoint;
  ticket->handler = plan->handler;
  ticket->lease = plan->version;
  ticket->call.takes_gzip = false;  // its answer is still to be marked as a fallback
  reserve_ticket_.clear();
  reserve_ticket_.push_back(std::move(ticket));
  parts_.reserve.Submit(reserve_ticket_, reserve_result_);
  const serve::Scheduler::Submitted& submitted = reserve_result_[0];
  if (!submitted.decision.admit) {
    ticket = std::move(reserve_ticket_.front());
    return false;
  }
  cache_.Leave(record);
  record.is_on_reserve = true;
  record.answer = answer;
  record.cause = cause;
  record.scheduler = &parts_.reserve;
  record.handle = submitted.handle;
  ArmTimer(index, submitted.latest_start);
  return true;
}

void RequestDesk::OnCompletion(serve::Completion&& completion) {
  serve::Ticket& ticket = *completion.ticket;
  if (std::optional<serve::PendingResponse> entry = parts_.pending.Claim(ticket.id)) {
    CancelTimer(records_[entry->record]);
    serve::Reply reply = entry->future.Take();
    AnswerWithReply(entry->record, reply);
    ticket.reply_buffer = std::move(reply.body);
  } else {  // answered without it, or nobody is there to answer
    books_.CountWasted(*ticket.endpoint, completion.run_time);
  }
  spare_tickets_.GiveBack(std::move(completion.ticket));
}

void RequestDesk::OnMove(serve::RequestId id, Deadline earlier) {
  const std::optional<std::uint32_t> index = parts_.pending.RecordOf(id);
  if (!index) return;
  RequestRecord& record = records_[*index];
  if (earlier.at() >= record.deadline.at()) return;
  CancelTimer(record);
  record.deadline = earlier;
  record.due = earlier.at() - guard_.For(earlier.budget());
  ArmTimer(*index, record.due);
}

// Where a cheaper model is to answer instead, it is given up early enough for that one to run, with
// a tenth of the budget to spare for handing it over, and not in the first half of the budget.
SteadyTime RequestDesk::GiveUpAt(const RequestRecord& record, SteadyTime latest_start) const {
  const serve::FallbackPolicy& fallback = PolicyOf(*record.endpoint).fallback;
  if (fallback.kind != serve::FallbackPolicy::Kind::kModel || record.is_on_reserve) {
    return latest_start;
  }
  const api::CatalogueModel* const cheaper_model = catalogue().Find(fallback.model);
  if (cheaper_model == nullptr) return latest_start;
  const Duration budget = record.deadline.budget();
  const auto cheaper = parts_.reserve.EstimateOf(cheaper_model->endpoint->index, budget);
  const Duration needed = cheaper.predicted_wait + cheaper.q95 + budget / 10;
  return std::min(latest_start,
                  std::max(record.due - needed, record.deadline.arrival() + budget / 2));
}

// While it waits, the timer runs at its latest start, afterwards when it is due. Answers that would
// all be due at once are kept apart, as early as half the budget when the crowd is that large.
void RequestDesk::ArmTimer(Index index, SteadyTime wanted) {
  const RequestRecord& record = records_[index];
  const SteadyTime half = record.deadline.arrival() + record.deadline.budget() / 2;
  ArmTimerAt(index, slots_.Take(std::min(wanted, record.due), std::max(half, loop_.Now())));
  records_[index].has_place = true;
}

void RequestDesk::ArmTimerAt(Index index, SteadyTime at) {
  RequestRecord& record = records_[index];
  record.answer_at = at;
  record.has_place = false;
  record.timer = loop_.RunAt(at, [this, index] {
    loop_.AssertOnLoop();
    OnTimer(index);
  });
}

void RequestDesk::CancelTimer(RequestRecord& record) {
  if (record.answer_at == kNever) return;
  loop_.Cancel(record.timer);
  if (record.has_place) slots_.GiveBack(record.answer_at);
  record.answer_at = kNever;
}

void RequestDesk::OnTimer(Index index) {
  RequestRecord& record = records_[index];
  if (record.answer_at >= record.due || record.parked) {
    GiveUp(index);
    return;
  }
  if (record.has_place) slots_.GiveBack(record.answer_at);
  const std::optional<SteadyTime> latest = record.scheduler->LatestStart(record.handle);
  if (!latest) {  // it runs, and may end in time
    ArmTimerAt(index, record.due);
    return;
  }
  // What it needs may have become less meanwhile, or the crowd have gone.
  ArmTimer(index, GiveUpAt(record, *latest));
  if (record.answer_at > loop_.ReadClock()) return;
  CancelTimer(record);
  GiveUp(index);
}

// It cannot be in time any more, or the budget runs out now: whatever the workers do, the client
// gets its answer.
void RequestDesk::GiveUp(Index index) {
  RequestRecord& record = records_[index];
  using Where = serve::Withdrawal::Where;
  record.answer_at = kNever;
  record.is_given_up = true;
  if (record.parked) {
    GiveUpParked(index);
    return;
  }
  serve::Withdrawal withdrawal = record.scheduler->Withdraw(record.handle, record.id);
  if (withdrawal.where == Where::kWaiting &&
      TryReserve(index, withdrawal.ticket, serve::Answer::kTimeout,
                 serve::Cause::kExpiredInQueue)) {
    return;
  }
  std::optional<serve::PendingResponse> entry = parts_.pending.Claim(record.id);
  BATON_CHECK(entry.has_value());  // every other claim cancels this timer
  if (withdrawal.ticket) spare_tickets_.GiveBack(std::move(withdrawal.ticket));
  // The promise of a ticket that was withdrawn waiting has gone with it.
  if (withdrawal.where != Where::kWaiting && entry->future.IsReady()) {
    serve::Reply reply = entry->future.Take();  // came in just before its deadline
    AnswerWithReply(index, reply);
    return;
  }
  if (record.is_on_reserve) {
    AnswerMiss(index, record.answer, record.cause, {});
    return;
  }
  record.started = withdrawal.started;
  AnswerMiss(index, serve::Answer::kTimeout,
             withdrawal.where == Where::kRunning ? serve::Cause::kExpiredRunning
                                                 : serve::Cause::kExpiredInQueue,
             {});
}

void RequestDesk::AnswerWithReply(Index index, serve::Reply& reply) {
  RequestRecord& record = records_[index];
  const SteadyTime now = loop_.ReadClock();
  if (record.is_on_reserve) {
    const bool is_good = reply.answer == serve::Answer::kPrediction && !record.deadline.IsPast(now);
    if (!is_good) {
      AnswerMiss(index, record.answer, record.cause, {});
      return;
    }
    AnswerFallback(index, record.cause, FallbackOf(record, reply));
    return;
  }
  record.started = reply.started;
  record.finished = reply.finished;
  record.batch_size = reply.batch_size;
  if (reply.answer == serve::Answer::kInvalid) {
    AnswerInvalid(index, std::nullopt, *reply.error);
    return;
  }
  if (record.deadline.IsPast(now)) {
    const bool has_run = record.started != kNever;
    AnswerMiss(index, serve::Answer::kTimeout,
               has_run ? serve::Cause::kExpiredRunning : serve::Cause::kExpiredInQueue, {});
    return;
  }
  if (IsMiss(reply.answer)) {
    AnswerMiss(index, reply.answer, reply.cause, {reply.error ? &*reply.error : nullptr, {}});
    return;
  }
  Remember(record, reply, now);
  cache_.Finish(record, reply, now);
  record.answered = now;
  record.answer = reply.answer;
  api::AnswerView view;
  view.answer = reply.answer;
  view.granted_budget = record.deadline.budget();
  view.may_be_gzip = reply.may_be_gzip;
  view.is_gzip = !reply.gzip.empty();
  view.json_bytes = reply.json_bytes;
  view.cache = record.cache_state;
  if (record.explain) view.stages = StagesOf(record, now);
  Send(index, view, view.is_gzip ? reply.gzip : reply.body);
}

void RequestDesk::AnswerMiss(Index index, serve::Answer answer, serve::Cause cause,
                             const MissDetails& details) {
  RequestRecord& record = records_[index];
  cache_.Leave(record);
  record.answered = loop_.ReadClock();
  record.answer = answer;
  record.cause = cause;
  const serve::FallbackPolicy& fallback = PolicyOf(*record.endpoint).fallback;
  if (auto found = FindFallback(record, fallback, front_, record.answered)) {
    AnswerFallback(index, cause, std::move(*found));
    return;
  }
  api::AnswerView view;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  view.answer = answer;
  view.cause = cause;
  view.error = details.error;
  view.retry_after = details.retry_after;
  view.stages = StagesOf(record, record.answered);
  std::string none;
  Send(index, view, none);
}

void RequestDesk::AnswerFallback(Index index, serve::Cause cause, FoundFallback&& fallback) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kFallback;
  record.cause = cause;
  api::AnswerView view;
  view.answer = record.answer;
  view.cause = cause;
  view.age = fallback.age;
  view.json_bytes = fallback.json_bytes;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  view.stages = StagesOf(record, record.answered);
  Send(index, view, fallback.body);
}

void RequestDesk::AnswerInvalid(Index index, std::optional<int> status, const Error& error,
                                Duration retry_after) {
  RequestRecord& record = records_[index];
  cache_.Leave(record);
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kInvalid;
  api::AnswerView view;
  view.answer = serve::Answer::kInvalid;
  view.status = status;
  view.error = &error;
  view.retry_after = retry_after;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  std::string none;
  Send(index, view, none);
}

void RequestDesk::Send(Index index, const api::AnswerView& view, std::string& body) {
  records_[index].status = api::HttpStatusOf(view);
  front_.Send(index, view, body);
}

void RequestDesk::NoteInvalid(Index index, int status) {
  RequestRecord& record = records_[index];
  record.status = status;
  record.answer = serve::Answer::kInvalid;
  record.answered = loop_.ReadClock();
}

// Out again.

void RequestDesk::Abandon(Index index) {
  RequestRecord& record = records_[index];
  const bool is_claimed = parts_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);
  CancelTimer(record);
  cache_.Leave(record);
  if (record.parked) spare_tickets_.GiveBack(cache_.Release(record));
  has_abandoned_of_turn_ = true;
  if (record.scheduler != nullptr) {  // else it is submitted at the end of this turn
    record.started = record.scheduler->Withdraw(record.handle, record.id).started;
  }
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kNone;
  record.cause = serve::Cause::kNone;
  record.status = 0;
  books_.Close(record, record.answered, record.answered);
  records_.Close(index);
}

void RequestDesk::Sent(Index index, SteadyTime first_write, SteadyTime done) {
  const RequestRecord& record = records_[index];
  if (record.is_given_up && first_write > record.due) {
    guard_.Observe(first_write - record.due);
  } else if (record.finished != kNever) {
    guard_.Observe(first_write - record.finished);
  }
  books_.Close(record, first_write, done);
  records_.Close(index);
}

}  // namespace baton::app
