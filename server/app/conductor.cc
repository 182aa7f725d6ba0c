// The life of a request on its conductor, from the complete request to the scheduler.
#include "server/app/conductor.h"

#include <utility>

#include "server/api/body_scan.h"
#include "server/api/criticality.h"
#include "server/api/fallback_body.h"
#include "server/api/inference_header.h"
#include "server/api/trace_headers.h"
#include "server/app/request_capture.h"
#include "server/base/thread_name.h"
#include "server/trace/span_json.h"

namespace baton::app {
namespace {

// The same key in another format, or of another version, is another answer. Empty without a key.
std::string FallbackKey(const http::Request& request, const serve::FallbackPolicy& fallback,
                        const api::Plan& plan) {
  const auto key = request.Header(fallback.key_header);
  if (!key || key->empty()) return {};
  std::string text(plan.format == api::BodyFormat::kInfer ? "infer/" : "predict/");
  text.append(plan.asked_version).append("/").append(*key);
  return text;
}

// In what is said of the body; what only a worker can check goes into `plan`.
std::optional<Error> FaultOfBody(const http::Request& request, api::Plan& plan) {
  if (plan.format != api::BodyFormat::kInfer) return std::nullopt;
  const auto json_bytes = api::ReadInferenceHeader(request, plan.body_is_gzip);
  if (!json_bytes) return json_bytes.error();
  plan.json_bytes = *json_bytes;
  return std::nullopt;
}

api::LoadFormat LoadFormatOf(const http::Request& request) {
  const auto asked = request.Header(api::kLoadFormatHeader);
  return asked ? api::ReadLoadFormat(*asked) : api::LoadFormat::kNone;
}

bool WantsExplanation(const http::Request& request) {
  const auto value = request.Header("Baton-Explain");
  return value && *value == "1";
}

}  // namespace

Conductor::Conductor(const Shared& shared, const Options& options)
    : shared_(shared),
      options_(options),
      loop_(shared.clock, options_.loop_metrics),
      shard_(options_.loop_metrics.shard),
      acceptor_(
          loop_, options_.listening_fd,
          [this](UniqueFd fd) {
            loop_.AssertOnLoop();
            OnConnection(std::move(fd));
          },
          [this] { listener_shard_.CountTurnedAway(); }),
      handshakes_(loop_),
      session_options_(shared.session_options),
      desk_(loop_, *this, shared_.desk, *shard_, options_.index),
      keys_(options.keys) {
  for (const serve::Cause cause : serve::kAllCauses) {
    refusals_.emplace_back(serve::Answer::kRefused, cause);
    timeouts_.emplace_back(serve::Answer::kTimeout, cause);
  }
  listener_shard_.children = &shared_.listener_metrics;
  listener_shard_.shard = shard_;
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

void Conductor::Use(Published published) {
  loop_.Post([this, published = std::move(published)]() mutable {
    loop_.AssertOnLoop();
    desk_.Use(std::move(published));
  });
}

void Conductor::Use(const http::Session::Options& options) {
  loop_.Post([this, options] { session_options_ = options; });
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
  net::Security security;
  if (shared_.tls != nullptr) security = {shared_.tls->Accept(fd.get(), *shard_), &handshakes_};
  Open(std::move(fd), *std::move(place), std::move(security));
}

void Conductor::Bring(UniqueFd fd) {
  loop_.Post([this, brought = std::make_shared<UniqueFd>(std::move(fd))] {
    loop_.AssertOnLoop();
    if (has_ended_ || !shared_.places.TakeHere(options_.index)) {
      listener_shard_.CountTurnedAway();
    } else {
      Open(std::move(*brought), {}, {});
    }
  });
}

void Conductor::Open(UniqueFd fd, net::ClientPlace place, net::Security security) {
  const std::uint64_t id = next_connection_++;
  http::SessionOwner& owner = *this;
  auto session = std::make_unique<http::Session>(loop_, std::move(fd), http::ConnectionId{id},
                                                 session_options_, listener_shard_, date_, owner,
                                                 std::move(place), std::move(security));
  http::Session& opened = *session;
  sessions_.emplace(id, std::move(session));
  connection_count_ = sessions_.size();
  if (is_draining_ || sends_away_) opened.BeginDrain();
  if (!opened.Start()) opened.CloseNow(http::CloseReason::kError);
}

void Conductor::OnClosed(http::Session& session) {
  loop_.AssertOnLoop();
  const auto found = sessions_.find(static_cast<std::uint64_t>(session.id()));
  BATON_CHECK(found != sessions_.end());
  loop_.Retire(std::move(found->second));
  sessions_.erase(found);
  if (keys_) key_decisions_.erase(static_cast<std::uint64_t>(session.id()));
  connection_count_ = sessions_.size();
  shared_.places.GiveBack(options_.index);
}

Conductor::Index Conductor::Receive(http::Session& session, http::ExchangeId exchange,
                                    const serve::Endpoint& endpoint, SteadyTime arrival) {
  const Index index = desk_.Receive(endpoint, arrival);
  if (places_.size() <= index) places_.resize(index + 1);
  places_[index] = {&session, exchange};
  session.Attach(exchange, index);
  return index;
}

Conductor::Index Conductor::Receive(http::Session& session, http::ExchangeId exchange,
                                    const serve::Endpoint& endpoint, const http::Request& request) {
  const Index index = Receive(session, exchange, endpoint, request.arrival);
  RequestRecord& record = desk_.record(index);
  if (shared_.desk.tracer != nullptr) {
    record.ask.is_secured = shared_.tls != nullptr;
    const bool is_known = request.method != http::Method::kOther;
    record.ask.method = is_known ? ToText(request.method) : trace::kOtherMethod;
    record.ask.path = request.path;
  }
  api::FollowCaller(record.trace, [&request](std::string_view name, std::size_t nth) {
    return request.Header(name, nth);
  });
  return index;
}

// Whatever is answered without a worker, or refused for what its head says, needs no body. A zero
// budget does where there is a fallback, which may have to name the request's id.
http::HeadVerdict Conductor::OnHead(http::Session& session, const http::Request& head) {
  loop_.AssertOnLoop();
  const http::HeadVerdict decided{.needs_body = false};
  if (keys_ && !IsLetIn(session, head)) return decided;
  const api::Resolution resolution =
      shared_.gateway.Resolve(head, desk_.catalogue(), shared_.is_ready, api::CanaryTurn::kLeaves);
  if (resolution.needs_body) return {};
  if (!resolution.plan) return decided;
  const serve::EndpointPolicy& policy = desk_.PolicyOf(*resolution.plan->endpoint);
  const bool has_fallback = policy.fallback.kind != serve::FallbackPolicy::Kind::kNone;
  if (resolution.unavailable && !has_fallback) return decided;
  const Result<api::BudgetAsk> asked = api::ReadBudgetHeaders(head);
  if (!asked || !api::ReadCriticality(head, std::nullopt)) return decided;
  const Duration budget = api::Grant(asked->smallest, policy.default_budget, policy.max_budget);
  if (budget <= Duration::zero()) return has_fallback ? http::HeadVerdict() : decided;
  return {.complete_by = session.request_began() + budget};
}

void Conductor::OnRequest(http::Session& session, http::ExchangeId exchange,
                          http::Request&& request) {
  loop_.AssertOnLoop();
  WatchOverload();
  std::optional<access::KeyDecision> key;
  if (keys_) key = KeyDecisionOf(session, request);
  if (key && !key->is_allowed()) {
    RefuseForKey(session, exchange, request, *key);
    return;
  }
  if (shared_.files != nullptr && shared_.files->Covers(request.path)) {
    AskForFile(session, exchange, std::move(request));
    return;
  }
  api::Resolution resolution =
      shared_.gateway.Resolve(request, desk_.catalogue(), shared_.is_ready);
  if (resolution.plan) {
    const Index index = Receive(session, exchange, *resolution.plan->endpoint, request);
    if (key && key->rate) rated_[index] = *key;
    CaptureRequest(shared_.desk.captures, request, desk_.record(index));
    const auto fault = FaultOfBody(request, *resolution.plan);
    if (!ReadAsk(index, request, *resolution.plan)) return;
    if (resolution.unavailable) {
      desk_.AnswerUnavailable(index, *resolution.plan, request.body, *resolution.unavailable);
    } else if (fault) {
      desk_.AnswerInvalid(index, std::nullopt, *fault);
    } else {
      desk_.Admit(index, *resolution.plan, request.body);
    }
    return;
  }
  if (resolution.change) {
    ChangeModel(session, exchange, *resolution.change);
    return;
  }
  if (resolution.is_clients_fault) {
    const Index index = Receive(session, exchange, *resolution.endpoint, request);
    CaptureRequest(shared_.desk.captures, request, desk_.record(index));
    desk_.NoteInvalid(index, resolution.response.status);
    http::AppendHeader(resolution.response.headers, "Baton-Answer", "invalid");
    TellOfTrace(index, resolution.response.headers);
  }
  session.Answer(exchange, std::move(resolution.response));
}

void Conductor::OnRefusal(http::Session& session, http::ExchangeId exchange,
                          const http::Refusal& refusal, const http::Request& /*partial*/) {
  loop_.AssertOnLoop();
  const Index index =
      Receive(session, exchange, shared_.gateway.unknown(), session.request_began());
  desk_.record(index).ask.method = trace::kOtherMethod;  // nobody knows what was meant
  if (refusal.status == 503) {                           // no fault of the client's
    desk_.AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kQueueFull, {});
    return;
  }
  desk_.AnswerInvalid(index, refusal.status,
                      Error{ErrorCode::kInvalidArgument, std::string(refusal.message), {}});
}

bool Conductor::ReadAsk(Index index, const http::Request& request, api::Plan& plan) {
  RequestRecord& record = desk_.record(index);
  const serve::EndpointPolicy& policy = desk_.PolicyOf(*record.endpoint);
  record.explain = WantsExplanation(request);
  record.load_format = LoadFormatOf(request);
  record.format = plan.format;
  const Result<api::BudgetAsk> asked = api::ReadBudgetHeaders(request);
  Result<std::optional<serve::Criticality>> said = api::ReadCriticality(request, std::nullopt);
  if (!asked || !said) {
    desk_.AnswerInvalid(index, std::nullopt, asked ? said.error() : asked.error());
    return false;
  }
  if (asked->malformed_grpc_timeout > 0) shard_->Add(options_.malformed_budgets.grpc_timeout);
  if (asked->malformed_envoy_timeout > 0) shard_->Add(options_.malformed_budgets.envoy_timeout);
  std::optional<Duration> smallest = asked->smallest;
  record.criticality = said->value_or(policy.criticality);
  const bool may_be_cached =
      plan.cache && !plan.body_is_gzip && request.body.size() <= kMostCachedBytes;
  const bool is_passed_over = IsTerse() && record.criticality == serve::Criticality::kSheddable;
  if (plan.format == api::BodyFormat::kInfer && !plan.body_is_gzip && !is_passed_over) {
    const api::BodyAsk body = api::ScanBody(
        std::string_view(request.body).substr(0, plan.json_bytes.value_or(request.body.size())),
        may_be_cached ? kMostCachedBytes : api::kBodyScanBytes);
    if (body.timeout && (!smallest || *body.timeout < *smallest)) smallest = body.timeout;
    said = api::ReadCriticality(request, body.priority);
    record.criticality = said->value_or(policy.criticality);
    const bool has_fallback = policy.fallback.kind != serve::FallbackPolicy::Kind::kNone;
    if (has_fallback || may_be_cached) record.protocol_id = body.id;
    if (may_be_cached && body.saw_all) plan.own = api::PartOf(request.body, body.id);
  }
  if (plan.format == api::BodyFormat::kPlain && may_be_cached) plan.own = api::OwnPart{};
  if (policy.fallback.kind == serve::FallbackPolicy::Kind::kLastGood) {
    record.fallback_key = FallbackKey(request, policy.fallback, plan);
  }
  return desk_.GrantBudget(index, smallest, request.complete_at);
}

void Conductor::Send(Index index, const api::AnswerView& view, std::string& body) {
  loop_.AssertOnLoop();
  const Place place = places_[index];
  const bool is_plain = view.answer == serve::Answer::kPrediction && !view.stages &&
                        !view.may_be_gzip && !view.json_bytes && view.granted_budget &&
                        view.cache == serve::CacheState::kNone;
  const auto answer = [&](http::Response&& response) {
    loop_.AssertOnLoop();
    if (!rated_.empty()) TellOfRate(index, response.headers);
    TellOfTrace(index, response.headers);
    TellOfLoad(index, response.headers);
    place.session->Answer(place.exchange, std::move(response));
  };
  if (is_plain) {
    answer(std::move(prediction_.Make(*view.granted_budget, body)));
    return;
  }
  const bool is_turned_away =
      view.answer == serve::Answer::kRefused || view.answer == serve::Answer::kTimeout;
  if (IsTerse() && is_turned_away && view.error == nullptr) {
    const auto& texts = view.answer == serve::Answer::kRefused ? refusals_ : timeouts_;
    answer(texts[static_cast<std::size_t>(view.cause)].Make(view.granted_budget, view.retry_after));
    return;
  }
  answer(api::MakeResponse(view, std::move(body)));
}

void Conductor::TellOfTrace(Index index, std::string& headers) {
  const TraceContext& trace = desk_.record(index).trace;
  if (api::IsFollowed(trace)) api::AppendTraceHeaders(headers, trace);
}

void Conductor::TellOfLoad(Index index, std::string& headers) {
  if (shared_.desk.load == nullptr) return;
  const auto hint = shared_.desk.load->For(desk_.record(index));
  if (hint) api::AppendLoadHint(headers, *hint);
}

std::optional<std::string> Conductor::DeclaredFallback(const RequestRecord& record,
                                                       const std::string& constant) const {
  return api::FallbackBody(constant, record.protocol_id, record.format);
}

void Conductor::CloseIfClientHasLeft(Index index) {
  loop_.AssertOnLoop();
  http::Session& session = *places_[index].session;
  if (session.ClientHasLeft()) session.CloseNow(http::CloseReason::kClient);
}

void Conductor::OnAbandoned(http::AnswerNote note) {
  loop_.AssertOnLoop();
  if (!rated_.empty()) rated_.erase(note);
  desk_.Abandon(note);
}

void Conductor::OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
                       bool /*is_whole*/) {
  loop_.AssertOnLoop();
  desk_.Sent(note, first_write, done);
}

}  // namespace baton::app
