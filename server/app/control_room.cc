// Reading the server's state, and changes that are checked whole before they are applied.
#include "server/app/control_room.h"

#include <algorithm>
#include <utility>

#include "server/app/budget_doubts.h"
#include "server/app/endpoint_policies.h"
#include "server/base/log.h"
#include "server/control/endpoint_settings.h"

namespace baton::app {
namespace {

using control::Changed;
using control::EndpointState;
using control::Generation;
using control::PoolState;

constexpr std::size_t kMostMisses = 1024;

std::string_view KindText(serve::Endpoint::Kind kind) {
  switch (kind) {
    case serve::Endpoint::Kind::kModel: return "model";
    case serve::Endpoint::Kind::kRoute: return "route";
    case serve::Endpoint::Kind::kTest: return "test";
    case serve::Endpoint::Kind::kUnknown: return "unknown";
  }
  return "";
}

tl::unexpected<Error> NotFound(const std::string& endpoint, const std::string& field) {
  return Fail(ErrorCode::kNotFound, "there is no endpoint '" + endpoint + "'", field);
}

void LogChange(const Changed<EndpointState>& changed) {
  for (const auto& [field, before, after] :
       control::ChangedSettings(changed.before, changed.after)) {
    Log(LogLevel::kInfo, "endpoint_changed",
        {{"endpoint", changed.after.name}, {"field", field}, {"before", before}, {"after", after}});
  }
}

}  // namespace

Status ControlRoom::CheckGeneration(const std::optional<Generation>& expected, Generation current) {
  if (!expected || *expected == current) return {};
  return Fail(ErrorCode::kAborted,
              "the update is based on generation " + std::to_string(*expected) +
                  ", and the current one is " + std::to_string(current) +
                  ": somebody else has changed it; read it again",
              "etag");
}

ControlRoom::ControlRoom(const Parts& parts)
    : parts_(parts),
      started_(parts.clock.Now()),
      operations_(&UnixMillis),
      shard_(parts.registry.TakeShard()) {
  MutexLock lock(mutex_);
  for (const serve::Endpoint* const endpoint : parts_.endpoints.All()) {
    made_[endpoint->index].revision = parts_.serving.RevisionOf(endpoint->index);
  }
  // At 0 from the start; other codes come with the first call that ends in them.
  for (const char* const method :
       {"GetStatus",       "GetPool",         "UpdatePool",     "ListEndpoints", "GetEndpoint",
        "UpdateEndpoint",  "ResetEstimator",  "ListMisses",     "ListModels",    "GetModel",
        "LoadModel",       "UnloadModel",     "ReloadModels",   "GetConfig",     "ReloadConfig",
        "Drain",           "Resume",          "GetLimits",      "UpdateLimits",  "GetAdmission",
        "UpdateAdmission", "GetLogging",      "UpdateLogging",  "ListListeners", "GetListener",
        "ListConnections", "CloseConnection", "ListOperations", "GetOperation",  "WaitOperation"}) {
    BooksOf(method, "OK");
  }
}

ControlRoom::~ControlRoom() { parts_.registry.GiveBack(shard_); }

control::ServerState ControlRoom::GetServer() const {
  MutexLock lock(mutex_);
  control::ServerState state;
  state.version = BATON_VERSION;
  state.uptime = parts_.clock.Now() - started_;
  state.ready = parts_.is_ready;
  state.draining = parts_.is_draining;
  state.drained = parts_.readiness.is_drained();
  state.listeners = parts_.listeners;
  state.pool = PoolNow();
  state.conductors = static_cast<int>(parts_.conductors.size());
  for (const auto& conductor : parts_.conductors) state.connections += conductor->connections();
  state.pending_responses = parts_.pending.size();
  state.queue_depth = parts_.scheduler.figures().waiting;
  for (const serve::Endpoint* const endpoint : parts_.endpoints.All()) {
    state.requests_total += Sum(*endpoint, false);
    state.misses_total += Sum(*endpoint, true);
    state.late_answers_total +=
        static_cast<std::uint64_t>(parts_.registry.Value(endpoint->metrics.late_answers));
  }
  state.generation = generation_;
  state.configuration = parts_.configuration.state();
  return state;
}

PoolState ControlRoom::GetPool() const {
  MutexLock lock(mutex_);
  return PoolNow();
}

PoolState ControlRoom::PoolNow() const {
  const serve::Scheduler::Figures figures = parts_.scheduler.figures();
  PoolState state;
  state.size = parts_.pool.size();
  state.busy = static_cast<int>(figures.busy_workers);
  state.idle = static_cast<int>(figures.alive_workers) - state.busy;
  state.retiring = std::max(
      0, static_cast<int>(figures.alive_workers) - static_cast<int>(figures.wanted_workers));
  state.zombies = static_cast<int>(figures.zombies + parts_.reserve.figures().zombies);
  state.generation = pool_generation_;
  return state;
}

Result<Changed<PoolState>> ControlRoom::UpdatePool(const control::PoolUpdate& update) {
  MutexLock lock(mutex_);
  Changed<PoolState> changed{PoolNow(), PoolNow()};
  const Status current = CheckGeneration(update.expected_generation, pool_generation_);
  if (!current) return tl::unexpected<Error>(current.error());
  if (!update.size) return changed;
  const Status size = serve::WorkerPool::CheckSize(*update.size);
  if (!size) return tl::unexpected<Error>(size.error());
  changed.after.size = *update.size;
  if (update.validate_only) return changed;
  const Status resized = parts_.pool.Resize(*update.size);
  if (!resized) {  // all or nothing
    static_cast<void>(parts_.pool.Resize(changed.before.size));
    return tl::unexpected<Error>(resized.error());
  }
  pool_generation_ = ++generation_;
  changed.after = PoolNow();
  return changed;
}

std::vector<EndpointState> ControlRoom::ListEndpoints() const {
  MutexLock lock(mutex_);
  std::vector<EndpointState> states;
  for (const serve::Endpoint* const endpoint : parts_.endpoints.All()) {
    if (endpoint->kind != serve::Endpoint::Kind::kUnknown) states.push_back(StateOf(*endpoint));
  }
  std::sort(states.begin(), states.end(),
            [](const EndpointState& a, const EndpointState& b) { return a.name < b.name; });
  return states;
}

Result<EndpointState> ControlRoom::GetEndpoint(const std::string& name) const {
  const serve::Endpoint* const endpoint = Find(name);
  if (endpoint == nullptr) {
    return NotFound(name, "name");
  }
  MutexLock lock(mutex_);
  return StateOf(*endpoint);
}

// The keeper may set the policy at any moment: then all of it is checked anew, the etag as well.
Result<Changed<EndpointState>> ControlRoom::UpdateEndpoint(const control::EndpointUpdate& update) {
  const serve::Endpoint* const endpoint = Find(update.name);
  if (endpoint == nullptr) {
    return NotFound(update.name, "name");
  }
  MutexLock lock(mutex_);
  while (true) {
    const std::uint64_t revision = parts_.serving.RevisionOf(endpoint->index);
    const Status current = CheckGeneration(update.expected_generation, GenerationOf(*endpoint));
    if (!current) return tl::unexpected<Error>(current.error());
    Changed<EndpointState> changed{StateOf(*endpoint), StateOf(*endpoint)};
    const auto policy = Updated(parts_.serving.PolicyOf(endpoint->index), update);
    if (!policy) return tl::unexpected<Error>(policy.error());
    const Status model = CheckFallbackModel(*policy, endpoint->name, parts_.endpoints.All());
    if (!model) return tl::unexpected<Error>(model.error());
    Describe(*policy, changed.after);
    if (update.validate_only) return changed;
    const auto set = parts_.serving.SetPolicyIf(revision, endpoint->index, *policy);
    if (!set) continue;
    made_[endpoint->index] = {*set, ++generation_};
    changed.after.generation = generation_;
    LogChange(changed);
    return changed;
  }
}

Result<Changed<EndpointState>> ControlRoom::ResetEstimator(const std::string& name) {
  const serve::Endpoint* const endpoint = Find(name);
  if (endpoint == nullptr) return NotFound(name, "name");
  MutexLock lock(mutex_);
  Changed<EndpointState> changed{StateOf(*endpoint), {}};
  parts_.scheduler.ResetEstimate(endpoint->index);
  parts_.reserve.ResetEstimate(endpoint->index);
  changed.after = StateOf(*endpoint);
  return changed;
}

Result<std::vector<control::MissState>> ControlRoom::ListMisses(
    const control::MissQuery& query) const {
  if (query.limit < 1 || query.limit > kMostMisses) {
    return Fail(ErrorCode::kInvalidArgument,
                "limit is " + std::to_string(query.limit) + ", expected 1 to " +
                    std::to_string(kMostMisses),
                "limit");
  }
  const serve::Endpoint* const endpoint = Find(query.endpoint);
  if (endpoint == nullptr && !query.endpoint.empty()) return NotFound(query.endpoint, "endpoint");
  std::vector<control::MissState> misses;
  for (const serve::Miss& miss : parts_.misses.Latest(query.limit, endpoint)) {
    misses.push_back(Describe(miss));
  }
  return misses;
}

Result<std::unique_ptr<control::CaptureReader>> ControlRoom::BeginCapture(
    const control::CaptureAsk& ask, const control::Caller& caller, std::function<void()> told) {
  if (parts_.is_draining) return Fail(ErrorCode::kUnavailable, "the server is on its way out");
  const bool is_of_all = ask.endpoint.empty();
  if (!is_of_all && Find(ask.endpoint) == nullptr) return NotFound(ask.endpoint, "endpoint");
  return parts_.captures.Begin(ask, caller.ToText(), parts_.clock.Now(), std::move(told));
}

void ControlRoom::LookAround(SteadyTime now) {
  operations_.Tell(now);
  parts_.captures.Look(now, parts_.is_draining);
}

Generation ControlRoom::GenerationOf(const serve::Endpoint& endpoint) const {
  const std::uint64_t revision = parts_.serving.RevisionOf(endpoint.index);
  Made& made = made_[endpoint.index];
  if (made.revision != revision) made = {revision, ++generation_};
  return made.generation;
}

void ControlRoom::NoteEndpoints(const LiveConfiguration::Effect& effect) {
  for (const auto& [endpoint, policy] : effect.endpoints) {
    made_[endpoint] = {parts_.serving.RevisionOf(endpoint), generation_};
  }
}

std::vector<std::string> ControlRoom::DoubtsOf(const LiveConfiguration::Effect& effect) const {
  std::vector<std::string> doubts;
  const std::vector<const serve::Endpoint*> endpoints = parts_.endpoints.All();
  for (const auto& [endpoint, policy] : effect.endpoints) {
    for (std::string& doubt : app::DoubtsOf(*endpoints.at(endpoint), policy, parts_.scheduler)) {
      doubts.push_back(std::move(doubt));
    }
  }
  return doubts;
}

std::vector<control::ModelState> ControlRoom::ListModels() const { return parts_.models.States(); }

void ControlRoom::ChangeModels(const control::ModelChange& change, control::ModelsChanged done) {
  parts_.models.Change(change, [this, done = std::move(done)](auto changed) {
    ++generation_;
    done(std::move(changed));
  });
}

EndpointState ControlRoom::StateOf(const serve::Endpoint& endpoint) const {
  EndpointState state;
  state.name = endpoint.name;
  state.kind = KindText(endpoint.kind);
  const Published published = parts_.serving.Now();
  const api::CatalogueModel* const model = published.catalogue->Find(endpoint.name);
  if (endpoint.kind == serve::Endpoint::Kind::kModel && model != nullptr) {
    for (const auto& served : model->versions) state.versions.push_back(served->number());
  }
  Describe(parts_.serving.PolicyOf(endpoint.index), state);
  const serve::Scheduler::Estimate learned =
      parts_.scheduler.EstimateOf(endpoint.index, state.default_budget);
  state.estimate = {learned.mean,           learned.q50,     learned.q95,    learned.q99,
                    learned.predicted_wait, learned.samples, learned.is_cold};
  state.requests_total = Sum(endpoint, false);
  state.misses_total = Sum(endpoint, true);
  const auto received =
      static_cast<std::uint64_t>(parts_.registry.Value(endpoint.metrics.received));
  // The two are read one after the other; a request may have come and gone between.
  state.in_flight = received > state.requests_total ? received - state.requests_total : 0;
  state.generation = GenerationOf(endpoint);
  return state;
}

const serve::Endpoint* ControlRoom::Find(const std::string& name) const {
  const serve::Endpoint* const found = parts_.endpoints.Find(name);
  return found == &parts_.endpoints.unknown() ? nullptr : found;
}

std::uint64_t ControlRoom::Sum(const serve::Endpoint& endpoint, bool misses_only) const {
  double sum = 0;
  for (const serve::Answer answer : serve::kAllAnswers) {
    if (misses_only && !IsMiss(answer)) continue;
    sum += parts_.registry.Value(endpoint.metrics.requests[static_cast<std::size_t>(answer)]);
  }
  return static_cast<std::uint64_t>(sum);
}

ControlRoom::RpcBooks ControlRoom::BooksOf(const std::string& method, const std::string& code) {
  const auto known = rpcs_.find({method, code});
  if (known != rpcs_.end()) return known->second;
  const metrics::Labels labels = {{"method", method}, {"code", code}};
  const RpcBooks books{
      parts_.registry.AddCounter("baton_admin_rpcs_total",
                                 "Admin calls by method and gRPC status, those over HTTP too.",
                                 labels),
      parts_.registry.AddHistogram("baton_admin_rpc_duration_seconds", "How long admin calls took.",
                                   metrics::kStageBuckets, labels)};
  rpcs_.emplace(std::pair(method, code), books);
  return books;
}

void ControlRoom::CountRpc(const std::string& method, const std::string& code, Duration took) {
  MutexLock lock(mutex_);
  const RpcBooks books = BooksOf(method, code);
  shard_->Add(books.calls);
  shard_->Observe(books.duration, ToSeconds(took));
}

}  // namespace baton::app
