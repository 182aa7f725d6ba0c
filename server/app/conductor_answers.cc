// The life of a request on its conductor, from admission to the written answer.
#include <algorithm>
#include <utility>

#include "server/api/fallback_body.h"
#include "server/app/conductor.h"
#include "server/base/check.h"

namespace baton::app {
namespace {

constexpr SteadyTime kNever{};

}  // namespace

void Conductor::OnSubmitted(Index index, const serve::Scheduler::Submitted& submitted,
                            std::unique_ptr<serve::Ticket> refused) {
  RequestRecord& record = records_[index];
  const serve::Decision& decision = submitted.decision;
  record.scheduler = &shared_.scheduler;
  record.was_decided = true;
  record.predicted_wait = decision.predicted_wait;
  record.allowance = decision.allowance;
  record.was_admitted = decision.admit;
  if (decision.admit) {
    record.handle = submitted.handle;
    ArmTimer(index, GiveUpAt(record, submitted.latest_start));
    return;
  }
  if (TryReserve(index, refused, decision.answer, decision.cause)) return;
  const bool is_claimed = shared_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);  // no worker has seen it
  spare_tickets_.GiveBack(std::move(refused));
  AnswerMiss(index, decision.answer, decision.cause, {nullptr, submitted.drain});
}

// The cheaper model that the endpoint declares runs on the reserved worker, if there is time for
// it.
bool Conductor::TryReserve(Index index, std::unique_ptr<serve::Ticket>& ticket,
                           serve::Answer answer, serve::Cause cause) {
  RequestRecord& record = records_[index];
  const serve::FallbackPolicy& fallback = policies_[record.endpoint->index].fallback;
  if (fallback.kind != serve::FallbackPolicy::Kind::kModel || record.is_on_reserve) return false;
  const api::Plan plan = shared_.gateway.PlanForModel(fallback.model, record.is_oip);
  if (plan.endpoint == nullptr) return false;
  ticket->endpoint = plan.endpoint;
  ticket->handler = plan.handler;
  ticket->call.model_version.clear();
  ticket->call.takes_gzip = false;  // its answer is still to be marked as a fallback
  reserve_ticket_.clear();
  reserve_ticket_.push_back(std::move(ticket));
  shared_.reserve.Submit(reserve_ticket_, reserve_result_);
  const serve::Scheduler::Submitted& submitted = reserve_result_[0];
  if (!submitted.decision.admit) {
    ticket = std::move(reserve_ticket_.front());
    return false;
  }
  record.is_on_reserve = true;
  record.answer = answer;
  record.cause = cause;
  record.scheduler = &shared_.reserve;
  record.handle = submitted.handle;
  ArmTimer(index, submitted.latest_start);
  return true;
}

void Conductor::OnCompletion(serve::Completion&& completion) {
  serve::Ticket& ticket = *completion.ticket;
  if (std::optional<serve::PendingResponse> entry = shared_.pending.Claim(ticket.id)) {
    CancelTimer(records_[entry->record]);
    serve::Reply reply = entry->future.Take();
    AnswerWithReply(entry->record, reply);
    ticket.reply_buffer = std::move(reply.body);
  } else {  // answered without it, or nobody is there to answer
    books_.CountWasted(*ticket.endpoint, completion.run_time);
  }
  spare_tickets_.GiveBack(std::move(completion.ticket));
}

void Conductor::OnMove(serve::RequestId id, Deadline earlier) {
  const std::optional<std::uint32_t> index = shared_.pending.RecordOf(id);
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
SteadyTime Conductor::GiveUpAt(const RequestRecord& record, SteadyTime latest_start) const {
  const serve::FallbackPolicy& fallback = policies_[record.endpoint->index].fallback;
  if (fallback.kind != serve::FallbackPolicy::Kind::kModel || record.is_on_reserve) {
    return latest_start;
  }
  const api::Plan plan = shared_.gateway.PlanForModel(fallback.model, record.is_oip);
  if (plan.endpoint == nullptr) return latest_start;
  const Duration budget = record.deadline.budget();
  const auto cheaper = shared_.reserve.EstimateOf(plan.endpoint->index, budget);
  const Duration needed = cheaper.predicted_wait + cheaper.q95 + budget / 10;
  return std::min(latest_start,
                  std::max(record.due - needed, record.deadline.arrival() + budget / 2));
}

// While it waits, the timer runs at its latest start, afterwards when it is due. Answers that would
// all be due at once are kept apart, as early as half the budget when the crowd is that large.
void Conductor::ArmTimer(Index index, SteadyTime wanted) {
  const RequestRecord& record = records_[index];
  const SteadyTime half = record.deadline.arrival() + record.deadline.budget() / 2;
  ArmTimerAt(index, slots_.Take(std::min(wanted, record.due), std::max(half, loop_.Now())));
  records_[index].has_place = true;
}

void Conductor::ArmTimerAt(Index index, SteadyTime at) {
  RequestRecord& record = records_[index];
  record.answer_at = at;
  record.has_place = false;
  record.timer = loop_.RunAt(at, [this, index] {
    loop_.AssertOnLoop();
    OnTimer(index);
  });
}

void Conductor::CancelTimer(RequestRecord& record) {
  if (record.answer_at == kNever) return;
  loop_.Cancel(record.timer);
  if (record.has_place) slots_.GiveBack(record.answer_at);
  record.answer_at = kNever;
}

void Conductor::OnTimer(Index index) {
  RequestRecord& record = records_[index];
  if (record.answer_at >= record.due) {
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
void Conductor::GiveUp(Index index) {
  RequestRecord& record = records_[index];
  using Where = serve::Withdrawal::Where;
  record.answer_at = kNever;
  record.is_given_up = true;
  serve::Withdrawal withdrawal = record.scheduler->Withdraw(record.handle, record.id);
  if (withdrawal.where == Where::kWaiting &&
      TryReserve(index, withdrawal.ticket, serve::Answer::kTimeout,
                 serve::Cause::kExpiredInQueue)) {
    return;
  }
  std::optional<serve::PendingResponse> entry = shared_.pending.Claim(record.id);
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

void Conductor::AnswerWithReply(Index index, serve::Reply& reply) {
  RequestRecord& record = records_[index];
  const SteadyTime now = loop_.ReadClock();
  if (record.is_on_reserve) {
    const bool is_good = reply.answer == serve::Answer::kPrediction && !record.deadline.IsPast(now);
    if (!is_good) {
      AnswerMiss(index, record.answer, record.cause, {});
      return;
    }
    reply.body.erase(reply.own_begin, reply.own_size);
    AnswerFallback(
        index, record.cause,
        {api::FallbackBody(reply.body, record.protocol_id, record.is_oip), std::nullopt});
    return;
  }
  record.started = reply.started;
  record.finished = reply.finished;
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
  shared_.fallbacks.Remember(record, reply, now);
  record.answered = now;
  record.answer = reply.answer;
  if (!record.explain && !reply.may_be_gzip) {
    http::Response& response = prediction_.Make(record.deadline.budget(), reply.body);
    Send(index, std::move(response));
    return;
  }
  api::AnswerView view;
  view.answer = reply.answer;
  view.granted_budget = record.deadline.budget();
  view.may_be_gzip = reply.may_be_gzip;
  view.is_gzip = !reply.gzip.empty();
  if (record.explain) view.stages = StagesOf(record, now);
  Send(index, api::MakeResponse(view, std::move(view.is_gzip ? reply.gzip : reply.body)));
}

void Conductor::AnswerMiss(Index index, serve::Answer answer, serve::Cause cause,
                           const MissDetails& details) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = answer;
  record.cause = cause;
  const serve::FallbackPolicy& fallback = policies_[record.endpoint->index].fallback;
  if (auto found = shared_.fallbacks.Find(record, fallback, record.answered)) {
    AnswerFallback(index, cause, std::move(*found));
    return;
  }
  api::AnswerView view;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  if (IsTerse() && details.error == nullptr) {
    const std::vector<api::RefusalText>& texts =
        answer == serve::Answer::kRefused ? refusals_ : timeouts_;
    Send(index,
         texts[static_cast<std::size_t>(cause)].Make(view.granted_budget, details.retry_after));
    return;
  }
  view.answer = answer;
  view.cause = cause;
  view.error = details.error;
  view.retry_after = details.retry_after;
  view.stages = StagesOf(record, record.answered);
  Send(index, api::MakeResponse(view, {}));
}

void Conductor::AnswerFallback(Index index, serve::Cause cause, Fallbacks::Found&& fallback) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kFallback;
  record.cause = cause;
  api::AnswerView view;
  view.answer = record.answer;
  view.cause = cause;
  view.age = fallback.age;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  view.stages = StagesOf(record, record.answered);
  Send(index, api::MakeResponse(view, std::move(fallback.body)));
}

void Conductor::AnswerInvalid(Index index, std::optional<int> status, const Error& error) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kInvalid;
  api::AnswerView view;
  view.answer = serve::Answer::kInvalid;
  view.status = status;
  view.error = &error;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  Send(index, api::MakeResponse(view, {}));
}

void Conductor::Send(Index index, http::Response&& response) {
  const RequestRecord& record = records_[index];
  record.session->Answer(record.exchange, std::move(response));
}

void Conductor::OnAbandoned(http::AnswerNote note) {
  loop_.AssertOnLoop();
  RequestRecord& record = records_[note];
  const bool is_claimed = shared_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);
  CancelTimer(record);
  has_abandoned_of_turn_ = true;
  if (record.scheduler != nullptr) {  // else it is submitted at the end of this turn
    record.started = record.scheduler->Withdraw(record.handle, record.id).started;
  }
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kNone;
  record.cause = serve::Cause::kNone;
  books_.Close(record, record.answered, record.answered);
  records_.Close(note);
}

void Conductor::OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
                       bool /*is_whole*/) {
  loop_.AssertOnLoop();
  const RequestRecord& record = records_[note];
  if (record.is_given_up && first_write > record.due) {
    guard_.Observe(first_write - record.due);
  } else if (record.finished != kNever) {
    guard_.Observe(first_write - record.finished);
  }
  books_.Close(record, first_write, done);
  records_.Close(note);
}

}  // namespace baton::app
