// What the configuration says of endpoints, over what config.yaml says of models.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/app/endpoint_policies.h"
#include "server/app/serving_state.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/control/endpoint_settings.h"
#include "server/serve/endpoints.h"

namespace baton::app {

// Threads: any.
class ConfiguredEndpoints {
 public:
  using Policies = std::map<std::size_t, serve::EndpointPolicy>;  // by endpoint index

  // Both outlive it. `changes`: what the configuration says.
  ConfiguredEndpoints(const serve::Endpoints& endpoints, ServingState& serving,
                      EndpointChanges changes);

  // Gives the endpoints that are no models what the configuration says. kInvalidArgument, with
  // everything that is wrong, for endpoints that are not there.
  Status TakeRoutes() BATON_EXCLUDES(mutex_);

  // A model is served as its config.yaml says, and as the configuration says over that; what an
  // operator has changed is gone. kInvalidArgument with what is wrong; then nothing changes.
  Status TakeModel(const serve::Endpoint& model, control::EndpointChange of_model)
      BATON_EXCLUDES(mutex_);

  // Takes another configuration, of which new endpoints start with `base`. Of each endpoint the
  // settings change of which it says something else than the one before; what an operator has
  // changed besides stays. Returns those that change, or would (`validate_only`).
  // Errors: kInvalidArgument with everything that is wrong, a line each; then nothing changes.
  Result<Policies> Replace(const serve::EndpointPolicy& base, const EndpointChanges& changes,
                           bool validate_only) BATON_EXCLUDES(mutex_);

 private:
  Result<serve::EndpointPolicy> Configured(const std::string& endpoint,
                                           const serve::EndpointPolicy& base,
                                           const EndpointChanges& changes) const
      BATON_REQUIRES(mutex_);
  Result<serve::EndpointPolicy> After(const serve::Endpoint& endpoint,
                                      const serve::EndpointPolicy& base,
                                      const EndpointChanges& changes) const BATON_REQUIRES(mutex_);

  // Set once.
  const serve::Endpoints& endpoints_;
  ServingState& serving_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  EndpointChanges changes_ BATON_GUARDED_BY(mutex_);
  EndpointChanges of_models_ BATON_GUARDED_BY(mutex_);  // by their config.yaml
};

}  // namespace baton::app
