// A control port over plain values, which keeps the contract and remembers what was counted.
#include "tests/admin/fake_control_port.h"

#include <algorithm>
#include <utility>

namespace baton::admin {
namespace {

using control::Changed;
using control::EndpointState;
using control::PoolState;

EndpointState MakeEndpoint(const std::string& name, const std::string& kind,
                           std::vector<std::string> versions) {
  EndpointState endpoint;
  endpoint.name = name;
  endpoint.kind = kind;
  endpoint.versions = std::move(versions);
  endpoint.default_budget = 50ms;
  endpoint.max_budget = 10s;
  endpoint.requests_total = 7;
  endpoint.misses_total = 2;
  endpoint.in_flight = 1;
  endpoint.fallback.key_header = "Baton-Key";
  endpoint.fallback.max_age = 60s;
  endpoint.fallback.max_bytes = 8 << 20;
  return endpoint;
}

control::EstimateState MakeEstimate() {
  control::EstimateState estimate;
  estimate.mean = 1'500us;
  estimate.q50 = 1'400us;
  estimate.q95 = 2'250us;
  estimate.q99 = 3ms;
  estimate.predicted_wait = 750us;
  estimate.samples = 64;
  estimate.cold = false;
  return estimate;
}

std::vector<control::MissState> MakeMisses() {
  control::MissState ran;
  ran.request_id = 42;
  ran.endpoint = "tumour";
  ran.arrived_unix_ms = 1'700'000'000'123;
  ran.budget = 50ms;
  ran.answer = "timeout";
  ran.cause = "expired_running";
  ran.criticality = "critical";
  ran.predicted_wait = 2ms;
  ran.most_wait = 30ms;
  ran.predicted_service = 5ms;
  ran.admitted = 100us;
  ran.started = 10'100us;
  ran.answered = 45ms;
  ran.sent = 45'200us;
  control::MissState refused;
  refused.request_id = 41;
  refused.endpoint = "digits";
  refused.arrived_unix_ms = 1'700'000'000'000;
  refused.budget = 20ms;
  refused.answer = "refused";
  refused.cause = "no_time";
  refused.criticality = "sheddable";
  refused.predicted_wait = 30ms;
  refused.answered = 250us;
  return {ran, refused};
}

// What the update asks for, ranges aside.
void Apply(const control::EndpointUpdate& update, EndpointState& state) {
  state.default_budget = update.default_budget.value_or(state.default_budget);
  state.max_budget = update.max_budget.value_or(state.max_budget);
  state.slo_target = update.slo_target.value_or(state.slo_target);
  state.criticality = update.criticality.value_or(state.criticality);
  state.max_workers = update.max_workers.value_or(state.max_workers);
  state.min_workers = update.min_workers.value_or(state.min_workers);
  state.batch.max_size = update.batch_max_size.value_or(state.batch.max_size);
  state.batch.max_delay = update.batch_max_delay.value_or(state.batch.max_delay);
  state.fallback = update.fallback.value_or(state.fallback);
}

template <typename Endpoints>
auto Find(Endpoints& endpoints, const std::string& name) {
  return std::find_if(endpoints.begin(), endpoints.end(),
                      [&name](const EndpointState& endpoint) { return endpoint.name == name; });
}

tl::unexpected<Error> NoSuchEndpoint(const std::string& name) {
  return Fail(ErrorCode::kNotFound, "no endpoint \"" + name + "\"", "name");
}

}  // namespace

FakeControlPort::FakeControlPort() {
  configuration_.hash = "f00d";
  configuration_.loaded_unix_ms = 1'700'000'000'000;
  configuration_.file = "baton.yaml";
  pool_.size = 2;
  pool_.busy = 1;
  pool_.idle = 1;
  pool_.zombies = 1;
  // Out of order, as nothing promises an order.
  endpoints_ = {MakeEndpoint("tumour", "model", {"1", "2"}), MakeEndpoint("digits", "model", {"1"}),
                MakeEndpoint("reverse", "route", {})};
  endpoints_[0].estimate = MakeEstimate();
  control::ModelState tumour{"tumour", {}, "1", "2", 0.25, {}, {}};
  tumour.versions = {{"1", "ready", {}, true, "onnxruntime_onnx", 12ms},
                     {"2", "failed", "models/tumour/2/model.onnx: is no model", false, {}, {}}};
  control::ModelState digits{"digits", {}, {}, {}, 0, {}, {}};
  digits.versions = {{"1", "unloaded", "unloaded by an operator", false, {}, {}}};
  models_ = {tumour, digits};
}

control::ServerState FakeControlPort::GetServer() const {
  MutexLock lock(mutex_);
  control::ServerState server;
  server.version = "1.2.3";
  server.uptime = 1500ms;
  server.ready = ready_ && !drained_;
  server.drained = drained_;
  server.listeners = {{"http", "127.0.0.1:8080"}, {"grpc", "off"}};
  server.pool = pool_;
  server.pool.generation = generation_;
  server.conductors = 1;
  server.connections = 3;
  server.pending_responses = 4;
  server.queue_depth = 5;
  server.requests_total = 6;
  server.misses_total = 7;
  server.late_answers_total = 8;
  server.generation = generation_;
  server.configuration = configuration_;
  return server;
}

PoolState FakeControlPort::GetPool() const {
  MutexLock lock(mutex_);
  PoolState pool = pool_;
  pool.generation = generation_;
  return pool;
}

Status FakeControlPort::CheckGeneration(const std::optional<control::Generation>& expected) const {
  if (!expected || *expected == generation_) return {};
  return Fail(ErrorCode::kAborted, "expected generation " + std::to_string(*expected) +
                                       ", the current one is " + std::to_string(generation_));
}

Result<Changed<PoolState>> FakeControlPort::UpdatePool(const control::PoolUpdate& update) {
  MutexLock lock(mutex_);
  if (update.size && (*update.size < 1 || *update.size > 1024)) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected 1 to 1024, got " + std::to_string(*update.size), "pool.size");
  }
  if (Status status = CheckGeneration(update.expected_generation); !status) {
    return tl::unexpected<Error>(status.error());
  }
  Changed<PoolState> changed{pool_, pool_};
  changed.before.generation = generation_;
  changed.after.size = update.size.value_or(pool_.size);
  changed.after.generation = generation_ + (update.validate_only ? 0 : 1);
  if (!update.validate_only) {
    pool_ = changed.after;
    generation_ = changed.after.generation;
  }
  return changed;
}

std::vector<EndpointState> FakeControlPort::ListEndpoints() const {
  MutexLock lock(mutex_);
  return endpoints_;
}

Result<EndpointState> FakeControlPort::GetEndpoint(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = Find(endpoints_, name);
  if (found == endpoints_.end()) return NoSuchEndpoint(name);
  EndpointState endpoint = *found;
  endpoint.generation = generation_;
  return endpoint;
}

Result<std::unique_ptr<control::CaptureReader>> FakeControlPort::BeginCapture(
    const control::CaptureAsk& ask, const control::Caller& caller, std::function<void()> told) {
  if (!ask.endpoint.empty() && ask.endpoint != "tumour" && ask.endpoint != "digits") {
    return NoSuchEndpoint(ask.endpoint);
  }
  return captures_.Begin(ask, caller.ToText(), SteadyTime(), std::move(told));
}

Result<Changed<EndpointState>> FakeControlPort::UpdateEndpoint(
    const control::EndpointUpdate& update) {
  MutexLock lock(mutex_);
  const auto found = Find(endpoints_, update.name);
  if (found == endpoints_.end()) return NoSuchEndpoint(update.name);
  if (Status status = CheckGeneration(update.expected_generation); !status) {
    return tl::unexpected<Error>(status.error());
  }
  Changed<EndpointState> changed{*found, *found};
  Apply(update, changed.after);
  if (changed.after.default_budget < 1ms ||
      changed.after.default_budget > changed.after.max_budget) {
    return Fail(ErrorCode::kInvalidArgument, "expected 1 ms to the maximum, got something else",
                "endpoint.default_budget_ms");
  }
  changed.after.generation = generation_ + (update.validate_only ? 0 : 1);
  if (!update.validate_only) {
    *found = changed.after;
    generation_ = changed.after.generation;
  }
  return changed;
}

Result<Changed<EndpointState>> FakeControlPort::ResetEstimator(const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = Find(endpoints_, name);
  if (found == endpoints_.end()) return NoSuchEndpoint(name);
  Changed<EndpointState> changed{*found, *found};
  found->estimate = {};
  changed.after.estimate = {};
  return changed;
}

Result<std::vector<control::MissState>> FakeControlPort::ListMisses(
    const control::MissQuery& query) const {
  MutexLock lock(mutex_);
  if (!query.endpoint.empty() && Find(endpoints_, query.endpoint) == endpoints_.end()) {
    return NoSuchEndpoint(query.endpoint);
  }
  std::vector<control::MissState> misses;
  for (const control::MissState& miss : MakeMisses()) {
    if (misses.size() < query.limit &&
        (query.endpoint.empty() || query.endpoint == miss.endpoint)) {
      misses.push_back(miss);
    }
  }
  return misses;
}

std::vector<control::ModelState> FakeControlPort::ListModels() const {
  MutexLock lock(mutex_);
  return models_;
}

// Loads make the first version answer; whatever is called "broken" does not load.
void FakeControlPort::ChangeModels(const control::ModelChange& change,
                                   control::ModelsChanged done) {
  using Kind = control::ModelChange::Kind;
  std::vector<control::ModelState> about;
  {
    MutexLock lock(mutex_);
    if (holds_) {
      held_.push_back([this, change, done] { ChangeModels(change, done); });
      return;
    }
    for (control::ModelState& model : models_) {
      if (change.kind != Kind::kReload && model.name != change.name) continue;
      const bool answers = change.kind != Kind::kUnload;
      model.versions[0].answers = answers;
      model.versions[0].state = answers ? "ready" : "unloaded";
      about.push_back(model);
    }
  }
  if (change.name == "broken") {
    done(Fail(ErrorCode::kInvalidArgument, "models/broken/1/model.onnx: is no model"));
  } else if (about.empty()) {
    done(Fail(ErrorCode::kNotFound, "there is no model '" + change.name + "'", "name"));
  } else {
    done(std::move(about));
  }
}

void FakeControlPort::HoldChanges() {
  MutexLock lock(mutex_);
  holds_ = true;
}

void FakeControlPort::EndChanges() {
  std::vector<std::function<void()>> held;
  {
    MutexLock lock(mutex_);
    holds_ = false;
    held.swap(held_);
  }
  for (const auto& change : held) change();
}

control::ConfigurationState FakeControlPort::GetConfiguration() const {
  MutexLock lock(mutex_);
  return configuration_;
}

std::vector<control::ConfiguredValue> FakeControlPort::ListConfiguration() const {
  return {{"workers", "2", "baton.yaml:1:10", false}, {"policy", "baton", "default", true}};
}

Result<control::ConfigurationChange> FakeControlPort::ReloadConfiguration(
    const control::ConfigurationReload& reload) {
  MutexLock lock(mutex_);
  if (!refusal_.empty()) return Fail(ErrorCode::kInvalidArgument, refusal_);
  if (!reload.validate_only) {
    configuration_.generation = ++generation_;
    configuration_.hash = "beef";
  }
  return control::ConfigurationChange{configuration_,
                                      {{"workers", "2", "3", "baton.yaml:1:10", false},
                                       {"policy", "baton", "edf", "baton.yaml:2:9", true}}};
}

Result<control::Changed<control::DrainState>> FakeControlPort::SetDrained(bool drained) {
  MutexLock lock(mutex_);
  if (stopping_ && !drained) return Fail(ErrorCode::kFailedPrecondition, "on its way out");
  if (drained_ != drained) ++generation_;
  control::Changed<control::DrainState> changed{{drained_, 4, 3, generation_},
                                                {drained, 4, 3, generation_}};
  drained_ = drained;
  return changed;
}

control::SettingsState FakeControlPort::GetSettings(control::SettingsGroup group) const {
  MutexLock lock(mutex_);
  using Group = control::SettingsGroup;
  if (group == Group::kLogging) {
    return {{{"level", "log.level", log_level_, "default", "a word: debug or info", false, "help"}},
            generation_,
            {}};
  }
  if (group == Group::kAdmission) return {{}, generation_, {}};
  return {{{"idle_time", "limits.idle_time", idle_time_, "default", "a duration: 1s to 1h", false,
            "between requests"},
           {"body_bytes", "limits.body_bytes", "8MiB", "default", "a size: 1B to 1GiB", true,
            "a body"}},
          generation_,
          {}};
}

Result<control::Changed<control::SettingsState>> FakeControlPort::UpdateSettings(
    const control::SettingsUpdate& update) {
  const control::SettingsState before = GetSettings(update.group);
  for (const auto& [key, value] : update.values) {
    if (key == "body_bytes") {
      return Fail(ErrorCode::kFailedPrecondition, key + ": needs a restart", key);
    }
    const bool is_known = key == "idle_time" || key == "level";
    if (!is_known || value == "wrong") {
      return Fail(ErrorCode::kInvalidArgument, key + ": expected something else", key);
    }
  }
  MutexLock lock(mutex_);
  if (Status status = CheckGeneration(update.expected_generation); !status) {
    return tl::unexpected<Error>(status.error());
  }
  control::Changed<control::SettingsState> changed{before, before};
  changed.after.settings[0].value = update.values.begin()->second;
  changed.after.settings[0].origin = "operator";
  if (changed.after.settings[0].value == "1s") changed.after.warnings = {"tumour: is doubtful"};
  if (!update.validate_only) {
    const bool is_level = update.group == control::SettingsGroup::kLogging;
    (is_level ? log_level_ : idle_time_) = changed.after.settings[0].value;
    changed.after.generation = ++generation_;
  }
  return changed;
}

std::vector<control::ListenerFigures> FakeControlPort::ListListeners() const {
  control::ListenerFigures http{"http", "127.0.0.1:8080", true, 3, 12, 1, 128, 0};
  control::ListenerFigures grpc;
  grpc.name = "grpc";
  grpc.address = "off";
  return {http, grpc};
}

control::ConnectionList FakeControlPort::ListConnections(const control::ConnectionQuery& query) {
  control::ConnectionList list;
  list.silent_conductors = {1};
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const control::ConnectionKey key{0, number};
    if ((query.after && key <= *query.after) || list.connections.size() == query.limit) continue;
    list.connections.push_back(
        {key, "10.0.0.1:4711", 90s, "pending", 7, 1, 700, 1400, "TLSv1.3", false});
  }
  return list;
}

Result<control::ConnectionState> FakeControlPort::CloseConnection(
    const control::ConnectionClose& close) {
  if (close.key.number == 99) return Fail(ErrorCode::kUnavailable, "conductor 0 is busy");
  control::ConnectionState state;
  state.key = close.key;
  state.peer = close.is_forced ? "forced" : "graceful";
  state.is_leaving = true;
  if (close.key.number > 5) return Fail(ErrorCode::kNotFound, "there is no connection", "name");
  return state;
}

void FakeControlPort::SetStopping() {
  MutexLock lock(mutex_);
  stopping_ = true;
}

void FakeControlPort::RefuseConfiguration(const std::string& reason) {
  MutexLock lock(mutex_);
  refusal_ = reason;
}

void FakeControlPort::CountRpc(const std::string& method, const std::string& code,
                               Duration /*took*/) {
  MutexLock lock(mutex_);
  counted_.push_back(method + " " + code);
}

void FakeControlPort::SetReady(bool ready) {
  MutexLock lock(mutex_);
  ready_ = ready;
}

std::vector<std::string> FakeControlPort::Counted() const {
  MutexLock lock(mutex_);
  return counted_;
}

}  // namespace baton::admin
