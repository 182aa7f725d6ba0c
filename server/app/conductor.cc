// The life of a request on its conductor, from the complete request to the written answer.
#include "server/app/conductor.h"

#include <algorithm>
#include <sys/socket.h>
#include <utility>

#include "server/api/body_scan.h"
#include "server/api/error_body.h"
#include "server/base/check.h"
#include "server/base/duration_text.h"

namespace baton::app {
namespace {

constexpr SteadyTime kNever{};
constexpr Duration kDrainStep = 5ms;
constexpr std::uint64_t kRequestsPerConductor = std::uint64_t{1} << 48;

bool WantsExplanation(const http::Request& request) {
  const auto value = request.Header("Baton-Explain");
  return value && *value == "1";
}

}  // namespace

Conductor::Conductor(const Shared& shared, Options options)
    : shared_(shared),
      options_(std::move(options)),
      loop_(shared.clock, options_.loop_metrics),
      inbox_(loop_, {[this](const serve::Completion& completion) {
                       loop_.AssertOnLoop();
                       OnCompletion(completion);
                     },
                     [this](serve::RequestId id, Deadline earlier) {
                       loop_.AssertOnLoop();
                       OnMove(id, earlier);
                     }}),
      shard_(options_.loop_metrics.shard),
      acceptor_(loop_, options_.listening_fd,
                [this](UniqueFd fd) {
                  loop_.AssertOnLoop();
                  OnConnection(std::move(fd));
                }),
      policies_(options_.policies),
      books_(*shard_),
      next_request_(options_.index * kRequestsPerConductor) {
  listener_shard_.children = &shared_.listener_metrics;
  listener_shard_.shard = shard_;
  loop_.AddInbox(inbox_);
}

Conductor::~Conductor() = default;

void Conductor::Run() {
  loop_.Post([this] {
    loop_.AssertOnLoop();
    acceptor_.Start();
  });
  loop_.Run();
  loop_.AssertOnLoop();
  EndRun();
}

// Whatever is open is cut off; the books are closed over it.
void Conductor::EndRun() {
  acceptor_.Stop();
  while (!sessions_.empty()) sessions_.begin()->second->CloseNow(http::CloseReason::kDrain);
  loop_.RunOnce();
  BATON_CHECK(records_.open() == 0);
}

void Conductor::SetPolicies(std::vector<serve::BudgetPolicy> policies) {
  loop_.Post([this, policies = std::move(policies)]() mutable {
    loop_.AssertOnLoop();
    policies_ = std::move(policies);
  });
}

void Conductor::OnConnection(UniqueFd fd) {
  if (sessions_.size() >= shared_.max_connections) {
    shard_->Add(shared_.listener_metrics.accepted);
    listener_shard_.CountClosed(http::CloseReason::kLimit);
    return;
  }
  const std::uint64_t id = next_connection_++;
  http::SessionOwner& owner = *this;
  auto session =
      std::make_unique<http::Session>(loop_, std::move(fd), http::ConnectionId{id},
                                      shared_.session_options, listener_shard_, date_, owner);
  http::Session& opened = *session;
  sessions_.emplace(id, std::move(session));
  connection_count_ = sessions_.size();
  if (is_draining_) opened.BeginDrain();
  if (!opened.Start()) opened.CloseNow(http::CloseReason::kError);
}

void Conductor::OnClosed(http::Session& session) {
  loop_.AssertOnLoop();
  const auto found = sessions_.find(static_cast<std::uint64_t>(session.id()));
  BATON_CHECK(found != sessions_.end());
  loop_.Retire(std::move(found->second));
  sessions_.erase(found);
  connection_count_ = sessions_.size();
}

Conductor::Index Conductor::Receive(http::Session& session, http::ExchangeId exchange,
                                    const serve::Endpoint& endpoint, SteadyTime arrival) {
  RequestRecord record;
  record.endpoint = &endpoint;
  record.connection = session.id();
  record.exchange = exchange;
  record.deadline = Deadline(arrival, Duration::zero());
  const Index index = records_.Open(record);
  session.Attach(exchange, index);
  books_.CountReceived(endpoint);
  return index;
}

void Conductor::OnRequest(http::Session& session, http::ExchangeId exchange,
                          http::Request&& request) {
  loop_.AssertOnLoop();
  api::Resolution resolution = shared_.gateway.Resolve(request, shared_.is_ready);
  if (resolution.plan) {
    const Index index = Receive(session, exchange, *resolution.plan->endpoint, request.arrival);
    if (GrantBudget(index, request, resolution.plan->has_oip_body)) {
      Admit(index, *resolution.plan, std::move(request));
    }
    return;
  }
  if (resolution.is_clients_fault) {
    const Index index = Receive(session, exchange, *resolution.endpoint, request.arrival);
    RequestRecord& record = records_[index];
    record.answer = serve::Answer::kInvalid;
    record.answered = loop_.ReadClock();
    http::AppendHeader(resolution.response.headers, "Baton-Answer", "invalid");
  }
  session.Answer(exchange, std::move(resolution.response));
}

void Conductor::OnRefusal(http::Session& session, http::ExchangeId exchange,
                          const http::Refusal& refusal, const http::Request& /*partial*/) {
  loop_.AssertOnLoop();
  const Index index =
      Receive(session, exchange, shared_.gateway.unknown(), session.request_began());
  if (refusal.status == 503) {  // no fault of the client's
    AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kQueueFull);
    return;
  }
  AnswerInvalid(index, refusal.status,
                Error{ErrorCode::kInvalidArgument, std::string(refusal.message), {}});
}

bool Conductor::GrantBudget(Index index, const http::Request& request, bool has_oip_body) {
  RequestRecord& record = records_[index];
  record.explain = WantsExplanation(request);
  const Result<api::BudgetAsk> asked = api::ReadBudgetHeaders(request);
  if (!asked) {
    AnswerInvalid(index, std::nullopt, asked.error());
    return false;
  }
  if (asked->malformed_grpc_timeout > 0) shard_->Add(options_.malformed_budgets.grpc_timeout);
  if (asked->malformed_envoy_timeout > 0) shard_->Add(options_.malformed_budgets.envoy_timeout);
  std::optional<Duration> smallest = asked->smallest;
  if (has_oip_body) {
    const std::optional<Duration> timeout = api::ScanBody(request.body).timeout;
    if (timeout && (!smallest || *timeout < *smallest)) smallest = timeout;
  }
  const serve::BudgetPolicy& policy = policies_[record.endpoint->index];
  record.deadline =
      Deadline(request.arrival, api::Grant(smallest, policy.default_budget, policy.max_budget));
  if (is_draining_ && record.deadline.at() > drain_limit_) {
    // Whoever is let in is answered: nothing may be promised beyond the end.
    record.deadline = Deadline(request.arrival, drain_limit_ - request.arrival);
  }
  record.has_budget = true;
  record.due = record.deadline.at() - guard_.For(record.deadline.budget());
  if (record.deadline.budget() <= Duration::zero()) {
    AnswerMiss(index, serve::Answer::kTimeout, serve::Cause::kBudgetTooSmall);
    return false;
  }
  if (record.deadline.IsPast(request.complete_at)) {
    const Error late{ErrorCode::kDeadlineExceeded,
                     "the request took longer to arrive than its budget of " +
                         FormatDuration(record.deadline.budget()),
                     {}};
    AnswerInvalid(index, 408, late);
    return false;
  }
  return true;
}

void Conductor::Admit(Index index, const api::Plan& plan, http::Request&& request) {
  RequestRecord& record = records_[index];
  record.id = serve::RequestId{next_request_++};
  record.admitted = loop_.ReadClock();

  auto ticket = std::make_unique<serve::Ticket>();
  ticket->id = record.id;
  ticket->endpoint = plan.endpoint;
  ticket->handler = plan.handler;
  ticket->call.body = std::move(request.body);
  ticket->call.model_version = plan.model_version;
  ticket->deadline = record.deadline;
  ticket->due = record.due;
  ticket->admitted = record.admitted;
  ticket->sink = &inbox_;
  serve::PendingResponse pending{ticket->promise.get_future(), record.deadline, index};
  if (!shared_.pending.Add(record.id, std::move(pending))) {
    AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kPendingFull);
    return;
  }
  ArmTimer(index);
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
void Conductor::SubmitTurn() {
  DropAbandonedOfTurn();
  shared_.scheduler.Submit(turn_tickets_, turn_results_);
  for (std::size_t i = 0; i < turn_results_.size(); ++i) {
    const Index index = turn_records_[i];
    const serve::Scheduler::Submitted& submitted = turn_results_[i];
    RequestRecord& record = records_[index];
    record.handle = submitted.handle;
    if (submitted.decision.admit) continue;
    const bool is_claimed = shared_.pending.Claim(record.id).has_value();
    BATON_CHECK(is_claimed);  // no worker has seen it
    CancelTimer(record);
    AnswerMiss(index, submitted.decision.answer, submitted.decision.cause);
  }
  turn_tickets_.clear();
  turn_records_.clear();
}

// The client may have left, or the budget run out, since its request came in this turn; its record
// is closed.
void Conductor::DropAbandonedOfTurn() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < turn_tickets_.size(); ++i) {
    if (!shared_.pending.IsPending(turn_tickets_[i]->id)) continue;
    if (kept != i) turn_tickets_[kept] = std::move(turn_tickets_[i]);
    turn_records_[kept++] = turn_records_[i];
  }
  turn_tickets_.resize(kept);
  turn_records_.resize(kept);
}

void Conductor::OnCompletion(const serve::Completion& completion) {
  std::optional<serve::PendingResponse> entry = shared_.pending.Claim(completion.id);
  if (!entry) {  // answered without it, or nobody is there to answer
    books_.CountWasted(*completion.endpoint, completion.run_time);
    return;
  }
  CancelTimer(records_[entry->record]);
  AnswerWithReply(entry->record, entry->future.get());
}

void Conductor::OnMove(serve::RequestId id, Deadline earlier) {
  const std::optional<std::uint32_t> index = shared_.pending.RecordOf(id);
  if (!index) return;
  RequestRecord& record = records_[*index];
  if (earlier.at() >= record.deadline.at()) return;
  CancelTimer(record);
  record.deadline = earlier;
  record.due = earlier.at() - guard_.For(earlier.budget());
  ArmTimer(*index);
}

// Answers that would all be due at once are kept apart, as early as half the budget when the crowd
// is that large.
void Conductor::ArmTimer(Index index) {
  RequestRecord& record = records_[index];
  const SteadyTime half = record.deadline.arrival() + record.deadline.budget() / 2;
  record.answer_at = slots_.Take(record.due, std::max(half, loop_.Now()));
  ArmTimerAt(index);
}

void Conductor::ArmTimerAt(Index index) {
  RequestRecord& record = records_[index];
  record.timer = loop_.RunAt(record.answer_at, [this, index] {
    loop_.AssertOnLoop();
    OnTimer(index);
  });
}

void Conductor::CancelTimer(const RequestRecord& record) {
  loop_.Cancel(record.timer);
  slots_.GiveBack(record.answer_at);
}

void Conductor::OnTimer(Index index) {
  RequestRecord& record = records_[index];
  // The crowd may have gone meanwhile: then there is a later place, and time for a prediction.
  if (record.answer_at < record.due) {
    slots_.GiveBack(record.answer_at);
    if (!shared_.scheduler.IsWaiting(record.handle)) {  // it runs, and may end in time
      record.answer_at = record.due;
      ArmTimerAt(index);
      return;
    }
    ArmTimer(index);
    if (record.answer_at > loop_.ReadClock()) return;
    CancelTimer(record);
  }
  OnDue(record.id, index);
}

// The budget runs out now: whatever the workers do, the client gets its answer.
void Conductor::OnDue(serve::RequestId id, Index index) {
  std::optional<serve::PendingResponse> entry = shared_.pending.Claim(id);
  BATON_CHECK(entry.has_value());  // every other claim cancels this timer
  RequestRecord& record = records_[index];
  using Where = serve::Withdrawal::Where;
  const serve::Withdrawal withdrawal = shared_.scheduler.Withdraw(record.handle, id);
  // The promise of a ticket that was withdrawn waiting has gone with it.
  if (withdrawal.where != Where::kWaiting &&
      entry->future.wait_for(Duration::zero()) == std::future_status::ready) {
    AnswerWithReply(index, entry->future.get());  // came in just before its deadline
    return;
  }
  record.started = withdrawal.started;
  AnswerMiss(index, serve::Answer::kTimeout,
             withdrawal.where == Where::kRunning ? serve::Cause::kExpiredRunning
                                                 : serve::Cause::kExpiredInQueue);
}

void Conductor::AnswerWithReply(Index index, serve::Reply&& reply) {
  RequestRecord& record = records_[index];
  record.started = reply.started;
  record.finished = reply.finished;
  if (reply.answer == serve::Answer::kInvalid) {
    AnswerInvalid(index, std::nullopt, *reply.error);
    return;
  }
  record.answered = loop_.ReadClock();
  if (record.deadline.IsPast(record.answered)) {
    const bool has_run = record.started != kNever;
    AnswerMiss(index, serve::Answer::kTimeout,
               has_run ? serve::Cause::kExpiredRunning : serve::Cause::kExpiredInQueue);
    return;
  }
  record.answer = reply.answer;
  record.cause = reply.cause;
  api::AnswerView view;
  view.answer = reply.answer;
  view.cause = reply.cause;
  view.granted_budget = record.deadline.budget();
  view.error = reply.error ? &*reply.error : nullptr;
  if (record.explain || IsMiss(reply.answer)) view.stages = StagesOf(record, record.answered);
  Send(index, api::MakeResponse(view, std::move(reply.body)));
}

void Conductor::AnswerMiss(Index index, serve::Answer answer, serve::Cause cause) {
  RequestRecord& record = records_[index];
  record.answered = loop_.ReadClock();
  record.answer = answer;
  record.cause = cause;
  api::AnswerView view;
  view.answer = answer;
  view.cause = cause;
  if (record.has_budget) view.granted_budget = record.deadline.budget();
  view.stages = StagesOf(record, record.answered);
  Send(index, api::MakeResponse(view, {}));
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
  const auto session = sessions_.find(static_cast<std::uint64_t>(record.connection));
  BATON_CHECK(session != sessions_.end());  // OnAbandoned would have claimed it
  session->second->Answer(record.exchange, std::move(response));
}

void Conductor::OnAbandoned(http::AnswerNote note) {
  loop_.AssertOnLoop();
  RequestRecord& record = records_[note];
  const bool is_claimed = shared_.pending.Claim(record.id).has_value();
  BATON_CHECK(is_claimed);
  CancelTimer(record);
  const serve::Withdrawal withdrawal = shared_.scheduler.Withdraw(record.handle, record.id);
  record.started = withdrawal.started;
  record.answered = loop_.ReadClock();
  record.answer = serve::Answer::kNone;
  books_.Close(record, record.answered, record.answered);
  records_.Close(note);
}

void Conductor::OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
                       bool /*is_whole*/) {
  loop_.AssertOnLoop();
  const RequestRecord& record = records_[note];
  if (record.answer == serve::Answer::kTimeout && first_write > record.due) {
    guard_.Observe(first_write - record.due);
  } else if (record.finished != kNever) {
    guard_.Observe(first_write - record.finished);
  }
  books_.Close(record, first_write, done);
  records_.Close(note);
}

void Conductor::BeginDrain(Duration grace, Duration limit) {
  loop_.Post([this, grace, limit] {
    loop_.AssertOnLoop();
    const SteadyTime now = loop_.Now();
    if (is_draining_) {  // the check that goes on looks at these
      drain_grace_ends_ = std::min(drain_grace_ends_, now + grace);
      drain_limit_ = std::min(drain_limit_, now + limit);
      return;
    }
    is_draining_ = true;
    drain_grace_ends_ = now + grace;
    drain_limit_ = now + limit;
    StopAccepting();
    for (const auto& entry : sessions_) entry.second->BeginDrain();
    CheckDrain();
  });
}

// Those who are connected already are let in; later ones are turned away by the kernel at once,
// instead of waiting in the backlog to be cut off at the end.
void Conductor::StopAccepting() {
  std::size_t before = 0;
  do {
    before = sessions_.size();
    acceptor_.OnEvents(0);
  } while (sessions_.size() > before);
  acceptor_.Stop();
  shutdown(options_.listening_fd, SHUT_RD);
}

void Conductor::CheckDrain() {
  const SteadyTime now = loop_.ReadClock();
  if (now >= drain_grace_ends_) {
    shared_.scheduler.BeginDrain();
    std::vector<http::Session*> idle;
    for (const auto& entry : sessions_) {
      if (entry.second->IsIdle()) idle.push_back(entry.second.get());
    }
    for (http::Session* session : idle) session->CloseNow(http::CloseReason::kDrain);
  }
  if (sessions_.empty() || now >= drain_limit_) {
    loop_.Stop();
    return;
  }
  loop_.RunAt(now + kDrainStep, [this] {
    loop_.AssertOnLoop();
    CheckDrain();
  });
}

}  // namespace baton::app
