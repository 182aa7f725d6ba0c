// A policy is made of three: what all start with, config.yaml, the configuration.
#include "server/app/configured_endpoints.h"

#include <utility>

#include "server/app/mistakes.h"

namespace baton::app {
namespace {

// `policy` with what `changes` says of `endpoint`, if anything.
Result<serve::EndpointPolicy> With(const serve::EndpointPolicy& policy, const std::string& endpoint,
                                   const EndpointChanges& changes) {
  const auto change = changes.find(endpoint);
  if (change == changes.end()) return policy;
  Result<serve::EndpointPolicy> changed = PolicyWith(policy, change->second);
  if (changed) return changed;
  return Fail(changed.error().code, InSettings(endpoint, change->second, changed.error().message),
              "endpoints");
}

}  // namespace

ConfiguredEndpoints::ConfiguredEndpoints(const serve::Endpoints& endpoints, ServingState& serving,
                                         EndpointChanges changes)
    : endpoints_(endpoints), serving_(serving), changes_(std::move(changes)) {}

Status ConfiguredEndpoints::TakeRoutes() {
  MutexLock lock(mutex_);
  return SetRoutePolicies(changes_, endpoints_, serving_);
}

Result<serve::EndpointPolicy> ConfiguredEndpoints::Configured(
    const std::string& endpoint, const serve::EndpointPolicy& base,
    const EndpointChanges& changes) const {
  const Result<serve::EndpointPolicy> of_model = With(base, endpoint, of_models_);
  return of_model ? With(*of_model, endpoint, changes) : of_model;
}

Status ConfiguredEndpoints::TakeModel(const serve::Endpoint& model,
                                      control::EndpointChange of_model) {
  MutexLock lock(mutex_);
  const auto policy = With(serving_.base(), model.name, {{model.name, of_model}});
  if (!policy) return tl::unexpected<Error>(policy.error());
  const auto configured = With(*policy, model.name, changes_);
  if (!configured) return tl::unexpected<Error>(configured.error());
  const Status sound = CheckFallbackModel(*configured, model.name, endpoints_.All());
  if (!sound) {
    const auto change = changes_.find(model.name);
    const control::EndpointChange& said = change == changes_.end() ? of_model : change->second;
    return Fail(sound.error().code, InSettings(model.name, said, sound.error().message),
                "endpoints");
  }
  of_models_[model.name] = std::move(of_model);
  serving_.SetPolicy(model.index, *configured);
  return {};
}

Result<serve::EndpointPolicy> ConfiguredEndpoints::After(const serve::Endpoint& endpoint,
                                                         const serve::EndpointPolicy& base,
                                                         const EndpointChanges& changes) const {
  const auto after = Configured(endpoint.name, base, changes);
  if (!after) return after;
  const serve::EndpointPolicy in_force = serving_.PolicyOf(endpoint.index);
  const auto before = Configured(endpoint.name, serving_.base(), changes_);
  const serve::EndpointPolicy followed = Followed(in_force, before.value_or(in_force), *after);
  Status sound = serve::Validate(followed);
  if (sound) sound = CheckFallbackModel(followed, endpoint.name, endpoints_.All());
  if (sound) return followed;
  const auto change = changes.find(endpoint.name);
  const bool is_by_operator = !(followed == *after);
  return Fail(
      ErrorCode::kInvalidArgument,
      InSettings(
          endpoint.name, change == changes.end() ? control::EndpointChange() : change->second,
          sound.error().message + (is_by_operator ? ", with what an operator has set since" : "")),
      "endpoints");
}

Result<ConfiguredEndpoints::Policies> ConfiguredEndpoints::Replace(
    const serve::EndpointPolicy& base, const EndpointChanges& changes, bool validate_only) {
  MutexLock lock(mutex_);
  Mistakes mistakes;
  for (const auto& [name, change] : changes) {
    mistakes.Add(CheckIsThere(name, change, endpoints_));
  }
  std::vector<serve::EndpointPolicy> policies;
  Policies changed;
  for (const serve::Endpoint* const endpoint : endpoints_.All()) {
    const auto policy = After(*endpoint, base, changes);
    if (!policy) mistakes.Add(policy.error());
    policies.push_back(policy.value_or(base));
    if (!(policies.back() == serving_.PolicyOf(endpoint->index)))
      changed.emplace(endpoint->index, policies.back());
  }
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  if (validate_only) return changed;
  changes_ = changes;
  serving_.SetPolicies(base, std::move(policies));
  return changed;
}

}  // namespace baton::app
