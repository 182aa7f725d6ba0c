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
  std::string message = mistakes.size() == 1 ? mistakes.front() : "--endpoint is wrong in places:";
  for (std::size_t i = 0; mistakes.size() > 1 && i < mistakes.size(); ++i) {
    message += "\n  " + mistakes[i];
  }
  return Fail(ErrorCode::kInvalidArgument, std::move(message), "--endpoint");
}

std::string Named(const std::string& endpoint, const Error& error) {
  return "--endpoint " + endpoint + ": " + error.message;
}

bool IsServed(const serve::Endpoint& endpoint) {
  return endpoint.kind != serve::Endpoint::Kind::kUnknown;
}

bool IsModel(const serve::Endpoint& endpoint) {
  return endpoint.kind == serve::Endpoint::Kind::kModel;
}

// "digits, tumour", in the order of the alphabet.
template <typename Condition>
std::string NamesOf(const Endpoints& endpoints, Condition condition) {
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

// The policy of an endpoint that starts with `base`.
Result<serve::EndpointPolicy> Started(const serve::EndpointPolicy& base,
                                      const control::EndpointChange& change) {
  const auto update = control::WantedUpdate(change, ToSettings(base.fallback));
  if (!update) return FailOf(update.error());
  return Updated(base, *update);
}

std::optional<Duration> When(Duration offset) {
  return offset < Duration::zero() ? std::nullopt : std::optional<Duration>(offset);
}

}  // namespace

void Describe(const serve::EndpointPolicy& policy, control::EndpointState& state) {
  state.default_budget = policy.default_budget;
  state.max_budget = policy.max_budget;
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

Status CheckFallbackModel(const serve::EndpointPolicy& policy, const std::string& endpoint,
                          const Endpoints& endpoints) {
  if (policy.fallback.kind != Kind::kModel) return {};
  const std::string& wanted = policy.fallback.model;
  const auto can_be = [&endpoint](const serve::Endpoint& other) {
    return IsModel(other) && other.name != endpoint;
  };
  for (const auto& other : endpoints) {
    if (other->name == wanted && can_be(*other)) return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "fallback.model is '" + wanted +
                  "', expected another endpoint with a model: " + NamesOf(endpoints, can_be),
              "fallback.model");
}

Result<EndpointChanges> ReadEndpointFlags(const std::vector<std::string>& texts) {
  EndpointChanges changes;
  std::vector<std::string> mistakes;
  for (const std::string& text : texts) {
    // Values may have colons, keys have none.
    const std::size_t colon = text.substr(0, text.find('=')).rfind(':');
    if (colon == std::string::npos || colon == 0) {
      mistakes.push_back("--endpoint: expected NAME:KEY=VALUE, got '" + text + "'");
      continue;
    }
    const std::string name = text.substr(0, colon);
    const Status added = control::AddSetting(text.substr(colon + 1), changes[name]);
    if (!added) mistakes.push_back(Named(name, added.error()));
  }
  const Status all = Joined(mistakes);
  if (!all) return FailOf(all.error());
  return changes;
}

Status CheckRanges(const EndpointChanges& changes, const serve::EndpointPolicy& base) {
  std::vector<std::string> mistakes;
  for (const auto& [name, change] : changes) {
    const Result<serve::EndpointPolicy> policy = Started(base, change);
    if (!policy) mistakes.push_back(Named(name, policy.error()));
  }
  return Joined(mistakes);
}

Result<std::vector<serve::EndpointPolicy>> MakePolicies(const EndpointChanges& changes,
                                                        const serve::EndpointPolicy& base,
                                                        const Endpoints& endpoints) {
  std::vector<serve::EndpointPolicy> policies(endpoints.size(), base);
  std::vector<std::string> mistakes;
  for (const auto& [name, change] : changes) {
    const auto found = std::find_if(
        endpoints.begin(), endpoints.end(),
        [&name = name](const auto& one) { return IsServed(*one) && one->name == name; });
    if (found == endpoints.end()) {
      mistakes.push_back("--endpoint " + name + ": there is no such endpoint, expected one of " +
                         NamesOf(endpoints, IsServed));
      continue;
    }
    const Result<serve::EndpointPolicy> policy = Started(base, change);
    const Status checked =
        policy ? CheckFallbackModel(*policy, name, endpoints) : Status(FailOf(policy.error()));
    if (!checked) {
      mistakes.push_back(Named(name, checked.error()));
    } else {
      policies[(*found)->index] = *policy;
    }
  }
  const Status all = Joined(mistakes);
  if (!all) return FailOf(all.error());
  return policies;
}

}  // namespace baton::app
