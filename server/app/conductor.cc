// The life of a request on its conductor, from the complete request to the scheduler.
#include "server/app/conductor.h"

#include <utility>

#include "server/api/body_scan.h"
#include "server/api/criticality.h"
#include "server/api/error_body.h"
#include "server/api/inference_header.h"
#include "server/base/check.h"
#include "server/base/duration_text.h"
#include "server/base/thread_name.h"

namespace baton::app {
namespace {

constexpr std::uint64_t kRequestsPerConductor = std::uint64_t{1} << 48;

// The same key in another format, or of another version, is another answer. Empty without a key.
std::string FallbackKey(const http::Request& request, const serve::FallbackPolicy& fallback,
                        const api::Plan& plan) {
  const auto key = request.Header(fallback.key_header);
  if (!key || key->empty()) return {};
  std::string text(plan.has_oip_body ? "infer/" : "predict/");
  text.append(plan.model_version).append("/").append(*key);
  return text;
}

// In what is said of the body; what only a worker can check goes into `plan`.
std::optional<Error> FaultOfBody(const http::Request& request, api::Plan& plan) {
  if (!plan.has_oip_body) return std::nullopt;
  const auto checked = api::CheckInferenceHeader(request, plan.body_is_gzip);
  if (!checked) return checked.error();
  plan.expanded_bytes = *checked;
  return std::nullopt;
}

bool WantsExplanation(const http::Request& request) {
  const auto value = request.Header("Baton-Explain");
  return value && *value == "1";
}

}  // namespace

Conductor::Conductor(const Shared& shared, Options options)
    : shared_(shared),
      options_(std::move(options)),
      loop_(shared.clock, options_.loop_metrics),
      inbox_(loop_, {[this](serve::Completion&& completion) {
                       loop_.AssertOnLoop();
                       OnCompletion(std::move(completion));
                     },
                     [this](serve::RequestId id, Deadline earlier) {
                       loop_.AssertOnLoop();
                       OnMove(id, earlier);
                     }}),
      shard_(options_.loop_metrics.shard),
      acceptor_(
          loop_, options_.listening_fd,
          [this](UniqueFd fd) {
            loop_.AssertOnLoop();
            OnConnection(std::move(fd));
          },
          [this] { listener_shard_.CountTurnedAway(); }),
      policies_(options_.policies),
      books_(*shard_, shared_.misses),
      next_request_(options_.index * kRequestsPerConductor) {
  for (const serve::Cause cause : serve::kAllCauses) {
    refusals_.emplace_back(serve::Answer::kRefused, cause);
    timeouts_.emplace_back(serve::Answer::kTimeout, cause);
  }
  listener_shard_.children = &shared_.listener_metrics;
  listener_shard_.shard = shard_;
  loop_.AddInbox(inbox_);
}

Conductor::~Conductor() = default;

void Conductor::Run() {
  NameThisThread("conductor-" + std::to_string(options_.index));
  loop_.Post([this] {
    loop_.AssertOnLoop();
    acceptor_.Start();
  });
  loop_.Run();
  loop_.AssertOnLoop();
  EndRun();
}

void Conductor::SetPolicies(std::vector<serve::EndpointPolicy> policies) {
  loop_.Post([this, policies = std::move(policies)]() mutable {
    loop_.AssertOnLoop();
    policies_ = std::move(policies);
  });
}

void Conductor::OnConnection(UniqueFd fd) {
  LookForOverload();  // a crowd of one turn may take all descriptors there are
  const std::optional<std::size_t> owner = shared_.places.Take(options_.index);
  if (!owner) {
    listener_shard_.CountTurnedAway();
  } else if (*owner == options_.index) {
    Adopt(std::move(fd));
  } else {
    shared_.conductors[*owner]->TakeOver(std::move(fd));
  }
}

void Conductor::TakeOver(UniqueFd fd) {
  loop_.Post([this, handed = std::make_shared<UniqueFd>(std::move(fd))] {
    loop_.AssertOnLoop();
    Adopt(std::move(*handed));
  });
}

void Conductor::TurnAway(http::CloseReason reason) {
  listener_shard_.CountTurnedAway(reason);
  shared_.places.GiveBack(options_.index);
}

void Conductor::Adopt(UniqueFd fd) {
  if (has_ended_) {
    TurnAway(http::CloseReason::kDrain);
    return;
  }
  std::optional<net::ClientPlace> place = net::ClientPlace();
  if (shared_.client_places != nullptr) {
    place = shared_.client_places->Take(net::ReadClientAddress(fd.get()));
  }
  if (!place) {
    TurnAway(http::CloseReason::kAddressLimit);
    return;
  }
  const std::uint64_t id = next_connection_++;
  http::SessionOwner& owner = *this;
  auto session = std::make_unique<http::Session>(loop_, std::move(fd), http::ConnectionId{id},
                                                 shared_.session_options, listener_shard_, date_,
                                                 owner, *std::move(place));
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
  shared_.places.GiveBack(options_.index);
}

Conductor::Index Conductor::Receive(http::Session& session, http::ExchangeId exchange,
                                    const serve::Endpoint& endpoint, SteadyTime arrival) {
  const Index index = records_.Open();
  RequestRecord& record = records_[index];
  record.endpoint = &endpoint;
  record.session = &session;
  record.exchange = exchange;
  record.deadline = Deadline(arrival, Duration::zero());
  session.Attach(exchange, index);
  books_.CountReceived(endpoint);
  return index;
}

// Whatever is answered without a worker, or refused for what its head says, needs no body. A zero
// budget does where there is a fallback, which may have to name the request's id.
http::HeadVerdict Conductor::OnHead(http::Session& session, const http::Request& head) {
  loop_.AssertOnLoop();
  const http::HeadVerdict decided{.needs_body = false};
  const api::Resolution resolution = shared_.gateway.Resolve(head, shared_.is_ready);
  if (!resolution.plan) return decided;
  const serve::EndpointPolicy& policy = policies_[resolution.plan->endpoint->index];
  const Result<api::BudgetAsk> asked = api::ReadBudgetHeaders(head);
  if (!asked || !api::ReadCriticality(head, std::nullopt)) return decided;
  const Duration budget = api::Grant(asked->smallest, policy.default_budget, policy.max_budget);
  const bool has_fallback = policy.fallback.kind != serve::FallbackPolicy::Kind::kNone;
  if (budget <= Duration::zero()) return has_fallback ? http::HeadVerdict() : decided;
  return {.complete_by = session.request_began() + budget};
}

void Conductor::OnRequest(http::Session& session, http::ExchangeId exchange,
                          http::Request&& request) {
  loop_.AssertOnLoop();
  WatchOverload();
  if (shared_.files != nullptr && shared_.files->Covers(request.path)) {
    AskForFile(session, exchange, std::move(request));
    return;
  }
  api::Resolution resolution = shared_.gateway.Resolve(request, shared_.is_ready);
  if (resolution.plan) {
    const Index index = Receive(session, exchange, *resolution.plan->endpoint, request.arrival);
    if (!ReadAsk(index, request, *resolution.plan)) return;
    if (const auto fault = FaultOfBody(request, *resolution.plan)) {
      AnswerInvalid(index, std::nullopt, *fault);
    } else {
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
    AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kQueueFull, {});
    return;
  }
  AnswerInvalid(index, refusal.status,
                Error{ErrorCode::kInvalidArgument, std::string(refusal.message), {}});
}

bool Conductor::ReadAsk(Index index, const http::Request& request, const api::Plan& plan) {
  RequestRecord& record = records_[index];
  const serve::EndpointPolicy& policy = policies_[record.endpoint->index];
  record.explain = WantsExplanation(request);
  record.is_oip = plan.has_oip_body;
  const Result<api::BudgetAsk> asked = api::ReadBudgetHeaders(request);
  Result<std::optional<serve::Criticality>> said = api::ReadCriticality(request, std::nullopt);
  if (!asked || !said) {
    AnswerInvalid(index, std::nullopt, asked ? said.error() : asked.error());
    return false;
  }
  if (asked->malformed_grpc_timeout > 0) shard_->Add(options_.malformed_budgets.grpc_timeout);
  if (asked->malformed_envoy_timeout > 0) shard_->Add(options_.malformed_budgets.envoy_timeout);
  std::optional<Duration> smallest = asked->smallest;
  record.criticality = said->value_or(policy.criticality);
  const bool is_passed_over = IsTerse() && record.criticality == serve::Criticality::kSheddable;
  if (plan.has_oip_body && !plan.body_is_gzip && !is_passed_over) {
    const api::BodyAsk body = api::ScanBody(request.body);
    if (body.timeout && (!smallest || *body.timeout < *smallest)) smallest = body.timeout;
    said = api::ReadCriticality(request, body.priority);
    record.criticality = said->value_or(policy.criticality);
    if (policy.fallback.kind != serve::FallbackPolicy::Kind::kNone) record.protocol_id = body.id;
  }
  if (policy.fallback.kind == serve::FallbackPolicy::Kind::kLastGood) {
    record.fallback_key = FallbackKey(request, policy.fallback, plan);
  }
  return GrantBudget(index, request, smallest);
}

bool Conductor::GrantBudget(Index index, const http::Request& request,
                            const std::optional<Duration>& smallest) {
  RequestRecord& record = records_[index];
  const serve::EndpointPolicy& policy = policies_[record.endpoint->index];
  record.deadline =
      Deadline(request.arrival, api::Grant(smallest, policy.default_budget, policy.max_budget));
  if (is_draining_ && record.deadline.at() > drain_limit_) {
    // Whoever is let in is answered: nothing may be promised beyond the end.
    record.deadline = Deadline(request.arrival, drain_limit_ - request.arrival);
  }
  record.has_budget = true;
  record.due = record.deadline.at() - guard_.For(record.deadline.budget());
  if (record.deadline.budget() <= Duration::zero()) {
    AnswerMiss(index, serve::Answer::kTimeout, serve::Cause::kBudgetTooSmall, {});
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

  std::unique_ptr<serve::Ticket> ticket = spare_tickets_.Take();
  ticket->id = record.id;
  ticket->endpoint = plan.endpoint;
  ticket->handler = plan.handler;
  ticket->call.body.swap(request.body);
  ticket->call.model_version = plan.model_version;
  ticket->call.body_is_gzip = plan.body_is_gzip;
  ticket->call.takes_gzip = plan.takes_gzip;
  ticket->call.expanded_bytes = plan.expanded_bytes;
  ticket->deadline = record.deadline;
  ticket->due = record.due;
  ticket->admitted = record.admitted;
  ticket->criticality = record.criticality;
  ticket->sink = &inbox_;
  serve::PendingResponse pending{ticket->promise.future(), record.deadline, index};
  if (!shared_.pending.Add(record.id, std::move(pending))) {
    AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kPendingFull, {});
    return;
  }
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
  if (IsTerse() || has_abandoned_of_turn_) DropAbandonedOfTurn();
  has_abandoned_of_turn_ = false;
  shared_.scheduler.Submit(turn_tickets_, turn_results_);
  for (std::size_t i = 0; i < turn_results_.size(); ++i) {
    OnSubmitted(turn_records_[i], turn_results_[i], std::move(turn_tickets_[i]));
  }
  turn_tickets_.clear();
  turn_records_.clear();
}

// The client may have left since its request came in this turn; its record is closed. A loop that
// is behind asks the kernel, which may know already.
void Conductor::DropAbandonedOfTurn() {
  // First all of them: closing a connection abandons its other requests, too.
  for (std::size_t i = 0; IsTerse() && i < turn_tickets_.size(); ++i) {
    CloseIfClientHasLeft(turn_records_[i], turn_tickets_[i]->id);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < turn_tickets_.size(); ++i) {
    if (!shared_.pending.IsPending(turn_tickets_[i]->id)) continue;
    if (kept != i) turn_tickets_[kept] = std::move(turn_tickets_[i]);
    turn_records_[kept++] = turn_records_[i];
  }
  turn_tickets_.resize(kept);
  turn_records_.resize(kept);
}

void Conductor::CloseIfClientHasLeft(Index index, serve::RequestId id) {
  if (!shared_.pending.IsPending(id)) return;
  http::Session& session = *records_[index].session;
  if (session.ClientHasLeft()) session.CloseNow(http::CloseReason::kClient);
}

}  // namespace baton::app
