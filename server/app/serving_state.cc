// Changes are made on a copy, and published whole.
#include "server/app/serving_state.h"

#include <algorithm>
#include <utility>

namespace baton::app {

ServingState::ServingState(const serve::Endpoints& endpoints, serve::Scheduler& scheduler,
                           serve::Scheduler& reserve, const serve::EndpointPolicy& base)
    : endpoints_(endpoints), scheduler_(scheduler), reserve_(reserve), base_(base) {
  MutexLock lock(mutex_);
  Publish(published_);
}

void ServingState::Tell(std::function<void(const Published&)> loop) {
  MutexLock lock(mutex_);
  loop(published_);
  loops_.push_back(std::move(loop));
}

Published ServingState::Now() const {
  MutexLock lock(mutex_);
  return published_;
}

serve::EndpointPolicy ServingState::PolicyOf(std::size_t endpoint) const {
  MutexLock lock(mutex_);
  return endpoint < published_.policies->size() ? (*published_.policies)[endpoint] : base_;
}

serve::EndpointPolicy ServingState::base() const {
  MutexLock lock(mutex_);
  return base_;
}

Duration ServingState::LargestBudget() const {
  MutexLock lock(mutex_);
  return largest_budget_;
}

std::vector<serve::EndpointPolicy> ServingState::Policies() const {
  std::vector<serve::EndpointPolicy> policies = *published_.policies;
  policies.resize(std::max(policies.size(), endpoints_.size()), base_);
  return policies;
}

void ServingState::SetPolicy(std::size_t endpoint, const serve::EndpointPolicy& policy) {
  MutexLock lock(mutex_);
  SetLocked(endpoint, policy);
}

std::uint64_t ServingState::RevisionOf(std::size_t endpoint) const {
  MutexLock lock(mutex_);
  return endpoint < revisions_.size() ? revisions_[endpoint] : 0;
}

std::optional<std::uint64_t> ServingState::SetPolicyIf(std::uint64_t revision, std::size_t endpoint,
                                                       const serve::EndpointPolicy& policy) {
  MutexLock lock(mutex_);
  if (endpoint < revisions_.size() && revisions_[endpoint] != revision) return std::nullopt;
  SetLocked(endpoint, policy);
  return revisions_[endpoint];
}

void ServingState::SetLocked(std::size_t endpoint, const serve::EndpointPolicy& policy) {
  std::vector<serve::EndpointPolicy> policies = Policies();
  policies[endpoint] = policy;
  Publish({published_.catalogue,
           std::make_shared<const std::vector<serve::EndpointPolicy>>(std::move(policies))});
}

void ServingState::SetPolicies(const serve::EndpointPolicy& base,
                               std::vector<serve::EndpointPolicy> policies) {
  MutexLock lock(mutex_);
  base_ = base;
  Publish({published_.catalogue,
           std::make_shared<const std::vector<serve::EndpointPolicy>>(std::move(policies))});
}

void ServingState::SetCatalogue(api::Catalogue catalogue) {
  MutexLock lock(mutex_);
  Publish({std::make_shared<const api::Catalogue>(std::move(catalogue)), published_.policies});
}

// Who had none yet started with the base.
void ServingState::CountChanges(const std::vector<serve::EndpointPolicy>& before,
                                const std::vector<serve::EndpointPolicy>& after) {
  revisions_.resize(std::max(revisions_.size(), after.size()), 0);
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (!((i < before.size() ? before[i] : base_) == after[i])) ++revisions_[i];
  }
}

void ServingState::Publish(Published next) {
  const auto before = published_.policies;
  if (next.policies->size() < endpoints_.size()) {
    published_.policies = next.policies;
    next.policies = std::make_shared<const std::vector<serve::EndpointPolicy>>(Policies());
  }
  const std::vector<serve::EndpointPolicy>& policies = *next.policies;
  scheduler_.SetPolicies(policies);
  // The reserve runs each request alone, whatever its endpoint's settings.
  reserve_.SetPolicies(std::vector<serve::EndpointPolicy>(policies.size()));
  const std::vector<const serve::Endpoint*> endpoints = endpoints_.All();
  for (std::size_t i = 0; i < policies.size(); ++i) {
    endpoints[i]->last_good.SetMaxBytes(policies[i].fallback.max_bytes);
    largest_budget_ = std::max(largest_budget_, policies[i].max_budget);
  }
  CountChanges(*before, policies);
  published_ = std::move(next);
  for (const auto& loop : loops_) loop(published_);
}

}  // namespace baton::app
