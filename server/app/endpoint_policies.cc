// Between what an operator says of an endpoint and the policy by which it is served.
#include "server/app/endpoint_policies.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "server/api/fallback_body.h"

namespace baton::app {
namespace {

using Kind = serve::FallbackPolicy::Kind;

tl::unexpected<Error> FailOf(const Error& error) { return tl::unexpected<Error>(error); }

// Several mistakes as one error, a line for each.
Status Joined(const std::vector<std::string>& mistakes) {
  if (mistakes.empty()) return {};
  std::string message;
  for (const std::string& mistake : mistakes) message += (message.empty() ? "" : "\n") + mistake;
  return Fail(ErrorCode::kInvalidArgument, std::move(message), "endpoints");
}

bool IsServed(const serve::Endpoint& endpoint) {
  return endpoint.kind != serve::Endpoint::Kind::kUnknown;
}

bool IsModel(const serve::Endpoint& endpoint) {
  return endpoint.kind == serve::Endpoint::Kind::kModel;
}

// "digits, tumour", in the order of the alphabet.
template <typename Condition>
std::string NamesOf(const EndpointList& endpoints, Condition condition) {
  std::vector<std::string> names;
  for (const auto& endpoint : endpoints) {
    if (condition(*endpoint)) names.push_back(endpoint->name);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "there is none" : text;
}

control::FallbackSettings ToSettings(const serve::FallbackPolicy& policy) {
  control::FallbackSettings settings;
  settings.kind = ToText(policy.kind);
  settings.constant = policy.constant;
  settings.key_header = policy.key_header;
  settings.max_age = policy.max_age;
  settings.max_bytes = policy.max_bytes;
  settings.model = policy.model;
  return settings;
}

// What the kind does not use stays as it was.
Status Take(const control::FallbackSettings& settings, serve::FallbackPolicy& policy) {
  const Result<Kind> kind = serve::ReadFallbackKind(settings.kind);
  if (!kind) return FailOf(kind.error());
  policy.kind = *kind;
  if (*kind == Kind::kConstant) policy.constant = settings.constant;
  if (*kind == Kind::kModel) policy.model = settings.model;
  if (*kind == Kind::kLastGood) {
    policy.key_header = settings.key_header;
    policy.max_age = settings.max_age;
    policy.max_bytes = settings.max_bytes;
  }
  return {};
}

Status TakeBatchSize(int size, serve::BatchPolicy& policy) {
  if (size < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "batch_max_size is " + std::to_string(size) + ", expected 1 to 1024",
                "batch_max_size");
  }
  policy.max_size = static_cast<std::size_t>(size);
  return {};
}

Status Take(const control::EndpointUpdate& update, serve::EndpointPolicy& policy) {
  policy.max_budget = update.max_budget.value_or(policy.max_budget);
  policy.default_budget = update.default_budget.value_or(policy.default_budget);
  policy.slo_target = update.slo_target.value_or(policy.slo_target);
  policy.max_workers = update.max_workers.value_or(policy.max_workers);
  policy.min_workers = update.min_workers.value_or(policy.min_workers);
  policy.batch.max_delay = update.batch_max_delay.value_or(policy.batch.max_delay);
  if (update.criticality) {
    const Result<serve::Criticality> read = serve::ReadCriticality(*update.criticality);
    if (!read) return FailOf(read.error());
    policy.criticality = *read;
  }
  if (update.batch_max_size) {
    const Status taken = TakeBatchSize(*update.batch_max_size, policy.batch);
    if (!taken) return taken;
  }
  return update.fallback ? Take(*update.fallback, policy.fallback) : Status();
}

Status CheckConstant(const serve::FallbackPolicy& fallback) {
  if (fallback.kind != Kind::kConstant) return {};
  return api::CheckFallbackConstant(fallback.constant);
}

std::optional<Duration> When(Duration offset) {
  return offset < Duration::zero() ? std::nullopt : std::optional<Duration>(offset);
}

}  // namespace

std::string InSettings(const std::string& endpoint, const control::EndpointChange& change,
                       const std::string& reason) {
  const std::string place = change.origin.empty() ? "" : change.origin + ": ";
  return place + "endpoints." + endpoint + ": " + reason;
}

void Describe(const serve::EndpointPolicy& policy, control::EndpointState& state) {
  state.default_budget = policy.default_budget;
  state.max_budget = policy.max_budget;
  state.slo_target = policy.slo_target;
  state.criticality = ToText(policy.criticality);
  state.max_workers = policy.max_workers;
  state.min_workers = policy.min_workers;
  state.batch.max_size = static_cast<int>(policy.batch.max_size);
  state.batch.max_delay = policy.batch.max_delay;
  state.fallback = ToSettings(policy.fallback);
}

control::MissState Describe(const serve::Miss& miss) {
  control::MissState state;
  state.request_id = miss.request_id;
  state.endpoint = miss.endpoint->name;
  state.arrived_unix_ms = miss.arrived_unix_ms;
  state.budget = miss.budget;
  state.answer = ToText(miss.answer);
  state.cause = ToText(miss.cause);
  state.criticality = ToText(miss.criticality);
  state.predicted_wait = When(miss.predicted_wait);
  state.most_wait = When(miss.most_wait);
  state.predicted_service = When(miss.predicted_service);
  state.admitted = When(miss.admitted);
  state.started = When(miss.started);
  state.finished = When(miss.finished);
  state.answered = When(miss.answered);
  state.sent = When(miss.sent);
  return state;
}

Result<serve::EndpointPolicy> Updated(serve::EndpointPolicy policy,
                                      const control::EndpointUpdate& update) {
  const Status taken = Take(update, policy);
  if (!taken) return FailOf(taken.error());
  const Status valid = serve::Validate(policy);
  if (!valid) return FailOf(valid.error());
  const Status constant = CheckConstant(policy.fallback);
  if (!constant) return FailOf(constant.error());
  return policy;
}

Result<serve::EndpointPolicy> PolicyWith(const serve::EndpointPolicy& base,
                                         const control::EndpointChange& change) {
  const auto update = control::WantedUpdate(change, ToSettings(base.fallback));
  if (!update) return FailOf(update.error());
  return Updated(base, *update);
}

Status CheckFallbackModel(const serve::EndpointPolicy& policy, const std::string& endpoint,
                          const EndpointList& endpoints) {
  if (policy.fallback.kind != Kind::kModel) return {};
  const std::string& wanted = policy.fallback.model;
  const auto can_be = [&endpoint](const serve::Endpoint& other) {
    return IsModel(other) && other.name != endpoint;
  };
  for (const auto& other : endpoints) {
    if (other->name == wanted && can_be(*other)) return {};
  }
  const std::string names = NamesOf(endpoints, can_be);
  return tl::unexpected<Error>(
      Error{ErrorCode::kInvalidArgument,
            "fallback.model is '" + wanted + "', expected another endpoint with a model: " + names,
            "fallback.model", names, "'" + wanted + "'"});
}

Status CheckRanges(const EndpointChanges& changes, const serve::EndpointPolicy& base) {
  std::vector<std::string> mistakes;
  for (const auto& [name, change] : changes) {
    const Result<serve::EndpointPolicy> policy = PolicyWith(base, change);
    if (!policy) mistakes.push_back(InSettings(name, change, policy.error().message));
  }
  return Joined(mistakes);
}

Status CheckIsThere(const std::string& endpoint, const control::EndpointChange& change,
                    const serve::Endpoints& endpoints) {
  const serve::Endpoint* const found = endpoints.Find(endpoint);
  if (found != nullptr && IsServed(*found)) return {};
  const std::string names = NamesOf(endpoints.All(), IsServed);
  return Fail(ErrorCode::kInvalidArgument,
              InSettings(endpoint, change, "there is no such endpoint, expected one of " + names),
              "endpoints");
}

serve::EndpointPolicy Followed(serve::EndpointPolicy in_force, const serve::EndpointPolicy& before,
                               const serve::EndpointPolicy& after) {
  const auto follow = [](const auto& was, const auto& is, auto& now) {
    if (!(was == is)) now = is;
  };
  follow(before.default_budget, after.default_budget, in_force.default_budget);
  follow(before.max_budget, after.max_budget, in_force.max_budget);
  follow(before.slo_target, after.slo_target, in_force.slo_target);
  follow(before.criticality, after.criticality, in_force.criticality);
  follow(before.max_workers, after.max_workers, in_force.max_workers);
  follow(before.min_workers, after.min_workers, in_force.min_workers);
  follow(before.batch.max_size, after.batch.max_size, in_force.batch.max_size);
  follow(before.batch.max_delay, after.batch.max_delay, in_force.batch.max_delay);
  follow(before.fallback, after.fallback, in_force.fallback);
  return in_force;
}

Status SetRoutePolicies(const EndpointChanges& changes, const serve::Endpoints& endpoints,
                        ServingState& serving) {
  const EndpointList all = endpoints.All();
  std::vector<std::string> mistakes;
  for (const auto& [name, change] : changes) {
    if (const Status there = CheckIsThere(name, change, endpoints); !there) {
      mistakes.push_back(there.error().message);
      continue;
    }
    const serve::Endpoint* const endpoint = endpoints.Find(name);
    if (IsModel(*endpoint)) continue;
    const Result<serve::EndpointPolicy> policy = PolicyWith(serving.base(), change);
    const Status checked =
        policy ? CheckFallbackModel(*policy, name, all) : Status(FailOf(policy.error()));
    if (checked) {
      serving.SetPolicy(endpoint->index, *policy);
    } else {
      mistakes.push_back(InSettings(name, change, checked.error().message));
    }
  }
  return Joined(mistakes);
}

}  // namespace baton::app
