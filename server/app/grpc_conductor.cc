// The life of a gRPC call, from its arrival to its answer.
#include "server/app/grpc_conductor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/access/presented.h"
#include "server/api/bad_input.h"
#include "server/api/budget_headers.h"
#include "server/api/criticality.h"
#include "server/api/fallback_body.h"
#include "server/api/grpc/infer_codec.h"
#include "server/api/json.h"
#include "server/api/key_refusal.h"
#include "server/api/trace_headers.h"
#include "server/app/request_capture.h"
#include "server/base/check.h"
#include "server/base/thread_name.h"

namespace baton::app {
namespace {

constexpr Duration kDrainStep = 5ms;
// gRPC cancels what comes once the listener ends: before that, those who go on are told why.
constexpr Duration kFarewell = 100ms;
// Constants change with an operator's settings: what is no longer declared is forgotten sometime.
constexpr std::size_t kKeptConstants = 1024;

void Shrink(std::optional<Duration>& smallest, const std::optional<Duration>& candidate) {
  if (candidate && (!smallest || *candidate < *smallest)) smallest = candidate;
}

std::string LowerCase(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

// The same key in another format, or of another version, is another answer. Empty without a key.
std::string FallbackKey(const api::InferCall& call, const serve::FallbackPolicy& fallback,
                        const api::InferPeek& peek) {
  const auto key = call.Metadata(LowerCase(fallback.key_header));
  if (!key || key->empty()) return {};
  std::string text("grpc/");
  text.append(peek.model_version).append("/").append(*key);
  return text;
}

}  // namespace

GrpcConductor::GrpcConductor(const Clock& clock, net::ForeignEvents& events, const DeskParts& desk,
                             const serve::Endpoint& unknown, const Options& options,
                             const access::ApiKeys* keys)
    : parts_(desk),
      unknown_(unknown),
      options_(options),
      keys_(keys),
      loop_(clock, options_.loop_metrics, events),
      desk_(loop_, *this, parts_, *options_.loop_metrics.shard, options_.number) {}

GrpcConductor::~GrpcConductor() = default;

void GrpcConductor::Run() {
  NameThisThread("grpc-conductor");
  loop_.Run();
  loop_.AssertOnLoop();
  EndRun();
}

void GrpcConductor::Use(Published published) {
  loop_.Post([this, published = std::move(published)]() mutable {
    loop_.AssertOnLoop();
    desk_.Use(std::move(published));
  });
}

void GrpcConductor::OnInfer(std::unique_ptr<api::InferCall> call) {
  if (is_closed_) return;
  loop_.AssertOnLoop();
  Take(std::move(call));
}

void GrpcConductor::OnCancelled(api::CallId call) {
  if (is_closed_) return;
  loop_.AssertOnLoop();
  Abandon(call);
}

void GrpcConductor::Take(std::unique_ptr<api::InferCall> call) {
  last_call_ = loop_.ReadableSince();
  if (keys_ != nullptr && !IsLetIn(call)) return;
  const bool is_whole = call->TakeBody(body_);
  const auto peek = is_whole ? api::PeekInferRequest(body_) : std::nullopt;
  if (!peek) {
    Refuse(std::move(call), api::InferPeek(),
           Error{ErrorCode::kInvalidArgument, "the message is no inference.ModelInferRequest", {}});
    return;
  }
  if (!api::IsUtf8(peek->id)) {  // answers repeat it, also those that no decoder has seen
    Refuse(std::move(call), *peek, api::BadInput("id", "text in UTF-8", "other bytes"));
    return;
  }
  Result<api::Plan> plan =
      desk_.catalogue().PlanFor(peek->model_name, peek->model_version, api::BodyFormat::kGrpc);
  if (!plan) {
    Refuse(std::move(call), *peek, plan.error());
    return;
  }
  const bool has_room = call->has_room();
  const Index index = Receive(std::move(call), *plan->endpoint);
  CaptureCall(parts_.captures, *calls_[index], body_, desk_.record(index));
  if (!ReadAsk(index, *peek)) return;
  if (!has_room) {
    desk_.record(index).fallback_key.clear();  // the last good answer may be as large
    desk_.AnswerMiss(index, serve::Answer::kRefused, serve::Cause::kQueueFull, {});
    return;
  }
  if (plan->cache && peek->saw_all && body_.size() <= kMostCachedBytes) {
    desk_.record(index).protocol_id = peek->id;
    plan->own = api::PartOf(body_, peek->id_field);
  }
  desk_.Admit(index, *plan, body_);
}

// What its message names is not looked at.
bool GrpcConductor::IsLetIn(std::unique_ptr<api::InferCall>& call) {
  const std::string_view key =
      access::PresentedKey(call->Metadata("authorization"), call->Metadata("x-api-key"));
  const access::KeyDecision decision =
      keys_->Check(key, loop_.ReadClock(), std::chrono::system_clock::now());
  if (decision.is_allowed()) return true;
  const bool is_over_rate = decision.outcome == access::KeyOutcome::kOverRate;
  desk_.AnswerInvalid(Receive(std::move(call), unknown_), is_over_rate ? 429 : 401,
                      Error{ErrorCode::kInvalidArgument, api::KeyRefusalText(decision), {}},
                      decision.rate_left.wait);
  return false;
}

GrpcConductor::Index GrpcConductor::Receive(std::unique_ptr<api::InferCall> call,
                                            const serve::Endpoint& endpoint) {
  const Index index = desk_.Receive(endpoint, loop_.ReadableSince());
  RequestRecord& record = desk_.record(index);
  record.format = api::BodyFormat::kGrpc;
  record.ask.is_grpc = true;
  api::FollowCaller(record.trace, [&call = *call](std::string_view name, std::size_t nth) {
    return call.Metadata(name, nth);
  });
  if (calls_.size() <= index) calls_.resize(index + 1);
  open_.emplace(call->id(), index);
  calls_[index] = std::move(call);
  return index;
}

// There is no version to run it: the model or the version is not known, or does not answer now.
void GrpcConductor::Refuse(std::unique_ptr<api::InferCall> call, const api::InferPeek& peek,
                           const Error& error) {
  const api::CatalogueModel* const known = desk_.catalogue().Find(peek.model_name);
  api::Plan plan;
  plan.endpoint = known != nullptr ? known->endpoint : &unknown_;
  plan.format = api::BodyFormat::kGrpc;
  const Index index = Receive(std::move(call), *plan.endpoint);
  CaptureCall(parts_.captures, *calls_[index], body_, desk_.record(index));
  if (error.code != ErrorCode::kUnavailable) {
    desk_.AnswerInvalid(index, std::nullopt, error);
  } else if (ReadAsk(index, peek)) {
    desk_.AnswerUnavailable(index, plan, body_, error);
  }
}

bool GrpcConductor::ReadAsk(Index index, const api::InferPeek& peek) {
  const api::InferCall& call = *calls_[index];
  RequestRecord& record = desk_.record(index);
  const serve::EndpointPolicy& policy = desk_.PolicyOf(*record.endpoint);
  record.explain = call.Metadata("baton-explain") == "1";
  if (const auto asked = call.Metadata(api::kLoadFormatHeader)) {
    record.load_format = api::ReadLoadFormat(*asked);
  }
  record.criticality = policy.criticality;
  if (const auto priority = peek.priority) {
    record.criticality = api::CriticalityFromPriority(*priority).value_or(policy.criticality);
  }
  if (const auto word = call.Metadata("baton-criticality")) {
    const Result<serve::Criticality> said = api::ParseCriticality(*word);
    if (!said) {
      desk_.AnswerInvalid(index, std::nullopt, said.error());
      return false;
    }
    record.criticality = *said;
  }
  if (policy.fallback.kind != serve::FallbackPolicy::Kind::kNone) record.protocol_id = peek.id;
  if (policy.fallback.kind == serve::FallbackPolicy::Kind::kLastGood) {
    record.fallback_key = FallbackKey(call, policy.fallback, peek);
  }
  const auto smallest = ReadBudget(call, peek);
  if (!smallest) {
    desk_.AnswerInvalid(index, std::nullopt, smallest.error());
    return false;
  }
  return desk_.GrantBudget(index, *smallest, loop_.ReadableSince());
}

// The smallest of those that are given.
Result<std::optional<Duration>> GrpcConductor::ReadBudget(const api::InferCall& call,
                                                          const api::InferPeek& peek) {
  std::optional<Duration> smallest = call.budget();
  if (smallest && *smallest > Duration::zero()) {  // since its arrival, which was before
    *smallest += loop_.ReadClock() - loop_.ReadableSince();
  }
  Shrink(smallest, peek.timeout);
  if (const auto text = call.Metadata("baton-budget-ms")) {
    const Result<Duration> asked = api::ParseBudgetMs(*text);
    if (!asked) return tl::unexpected(asked.error());
    Shrink(smallest, *asked);
  }
  if (const auto text = call.Metadata("x-envoy-expected-rq-timeout-ms")) {
    const std::optional<Duration> asked = api::ParseEnvoyTimeout(*text);
    if (!asked) options_.loop_metrics.shard->Add(options_.malformed_envoy_timeout);
    Shrink(smallest, asked);
  }
  return smallest;
}

void GrpcConductor::Send(Index index, const api::AnswerView& view, std::string& body) {
  loop_.AssertOnLoop();
  const std::unique_ptr<api::InferCall> call = std::move(calls_[index]);
  open_.erase(call->id());
  const SteadyTime first_write = loop_.ReadClock();
  RequestRecord& record = desk_.record(index);
  record.grpc_status = api::GrpcCodeOf(view);
  api::AnswerView told = view;
  if (api::IsFollowed(record.trace)) told.trace = &record.trace;
  std::optional<api::LoadHint> hint;
  if (parts_.load != nullptr) hint = parts_.load->For(record);
  if (hint) told.hint = &*hint;
  call->Finish(told, body);
  desk_.Sent(index, first_write, loop_.ReadClock());
}

std::optional<std::string> GrpcConductor::DeclaredFallback(const RequestRecord& record,
                                                           const std::string& constant) const {
  loop_.AssertOnLoop();
  auto found = constants_.find(constant);
  if (found == constants_.end()) {
    if (constants_.size() >= kKeptConstants) constants_.clear();
    found = constants_.emplace(constant, api::GrpcConstant(constant)).first;
  }
  if (!found->second) return std::nullopt;
  return api::FallbackBody(*found->second, record.protocol_id, api::BodyFormat::kGrpc);
}

void GrpcConductor::Abandon(api::CallId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;  // answered meanwhile
  const Index index = found->second;
  open_.erase(found);
  desk_.Abandon(index);
  calls_[index].reset();
}

void GrpcConductor::BeginDrain(Duration grace, Duration limit) {
  loop_.Post([this, grace, limit] {
    loop_.AssertOnLoop();
    const SteadyTime now = loop_.Now();
    if (is_draining_) {  // the check that goes on looks at these
      drain_grace_ends_ = std::min(drain_grace_ends_, now + grace);
      drain_limit_ = std::min(drain_limit_, now + limit);
      desk_.SetLatestDeadline(drain_limit_);
      return;
    }
    is_draining_ = true;
    drain_began_ = now;
    drain_grace_ends_ = now + grace;
    drain_limit_ = now + limit;
    desk_.SetLatestDeadline(drain_limit_);
    CheckDrain();
  });
}

// It ends when nobody waits for an answer, and nothing more is to be expected.
void GrpcConductor::CheckDrain() {
  const SteadyTime now = loop_.ReadClock();
  if (now >= drain_grace_ends_) {
    parts_.scheduler.BeginDrain();
    parts_.reserve.BeginDrain();
  }
  const bool is_over = now >= drain_grace_ends_ + kFarewell;
  // Who called before the drain may be between two calls, and has the whole grace.
  const bool is_quiet = !last_call_ || (*last_call_ < drain_began_ && now >= drain_grace_ends_);
  if (((is_over || is_quiet) && desk_.open() == 0) || now >= drain_limit_) {
    loop_.Stop();
    return;
  }
  loop_.RunAt(now + kDrainStep, [this] {
    loop_.AssertOnLoop();
    CheckDrain();
  });
}

// Whatever is open is cut off; the books are closed over it.
void GrpcConductor::EndRun() {
  is_closed_ = true;
  while (!open_.empty()) Abandon(open_.begin()->first);
  loop_.RunOnce();
  BATON_CHECK(desk_.open() == 0);
}

}  // namespace baton::app
