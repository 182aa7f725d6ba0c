// What is served and how: the one place where that changes, and from where loops are told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "server/api/catalogue.h"
#include "server/app/published.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/endpoints.h"
#include "server/serve/scheduler.h"

namespace baton::app {

// Threads: any. A change reaches the schedulers before it reaches the loops, so that they know
// every endpoint that a ticket may name.
class ServingState {
 public:
  // Everything outlives it. New endpoints start with `base`.
  ServingState(const serve::Endpoints& endpoints, serve::Scheduler& scheduler,
               serve::Scheduler& reserve, const serve::EndpointPolicy& base);

  // Whom to tell; each is told at once of what is in force. It runs under a lock: it posts.
  void Tell(std::function<void(const Published&)> loop) BATON_EXCLUDES(mutex_);

  Published Now() const BATON_EXCLUDES(mutex_);
  serve::EndpointPolicy PolicyOf(std::size_t endpoint) const BATON_EXCLUDES(mutex_);
  // Counts how often the policy of the endpoint has become another one.
  std::uint64_t RevisionOf(std::size_t endpoint) const BATON_EXCLUDES(mutex_);
  serve::EndpointPolicy base() const BATON_EXCLUDES(mutex_);
  // The largest maximum budget that any endpoint has had: a request may be under way with it.
  Duration LargestBudget() const BATON_EXCLUDES(mutex_);

  void SetPolicy(std::size_t endpoint, const serve::EndpointPolicy& policy) BATON_EXCLUDES(mutex_);
  // Where its revision is still `revision`; else somebody has set it meanwhile, and nothing
  // changes. Returns the revision after it.
  std::optional<std::uint64_t> SetPolicyIf(std::uint64_t revision, std::size_t endpoint,
                                           const serve::EndpointPolicy& policy)
      BATON_EXCLUDES(mutex_);
  // All of them at once, by index; those beyond, and new ones, start with `base`.
  void SetPolicies(const serve::EndpointPolicy& base, std::vector<serve::EndpointPolicy> policies)
      BATON_EXCLUDES(mutex_);
  void SetCatalogue(api::Catalogue catalogue) BATON_EXCLUDES(mutex_);

 private:
  void Publish(Published next) BATON_REQUIRES(mutex_);
  void SetLocked(std::size_t endpoint, const serve::EndpointPolicy& policy) BATON_REQUIRES(mutex_);
  void CountChanges(const std::vector<serve::EndpointPolicy>& before,
                    const std::vector<serve::EndpointPolicy>& after) BATON_REQUIRES(mutex_);
  std::vector<serve::EndpointPolicy> Policies() const BATON_REQUIRES(mutex_);

  // Set once.
  const serve::Endpoints& endpoints_;
  serve::Scheduler& scheduler_;
  serve::Scheduler& reserve_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  serve::EndpointPolicy base_ BATON_GUARDED_BY(mutex_);
  Published published_ BATON_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> revisions_ BATON_GUARDED_BY(mutex_);  // by endpoint index
  Duration largest_budget_ BATON_GUARDED_BY(mutex_) = Duration::zero();
  std::vector<std::function<void(const Published&)>> loops_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::app
