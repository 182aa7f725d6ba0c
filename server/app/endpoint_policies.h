// Between what an operator says of an endpoint and the policy by which it is served.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/app/serving_state.h"
#include "server/base/result.h"
#include "server/control/control_port.h"
#include "server/control/endpoint_settings.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/miss_ring.h"

namespace baton::app {

using EndpointList = std::vector<const serve::Endpoint*>;  // each at its index

// Writes every setting of `policy` into `state`, those of a fallback that its kind does not use
// too.
void Describe(const serve::EndpointPolicy& policy, control::EndpointState& state);
control::MissState Describe(const serve::Miss& miss);

// `policy` with what `update` names, checked whole. kInvalidArgument with the field.
Result<serve::EndpointPolicy> Updated(serve::EndpointPolicy policy,
                                      const control::EndpointUpdate& update);

// kInvalidArgument unless the model of a fallback is the endpoint of another model.
Status CheckFallbackModel(const serve::EndpointPolicy& policy, const std::string& endpoint,
                          const EndpointList& endpoints);

// `base` as `change` makes it, checked whole. kInvalidArgument with the field.
Result<serve::EndpointPolicy> PolicyWith(const serve::EndpointPolicy& base,
                                         const control::EndpointChange& change);

// What the configuration asks for, by the name of the endpoint.
using EndpointChanges = std::map<std::string, control::EndpointChange>;

// What is wrong with what the configuration says of `endpoint`, as a sentence.
std::string InSettings(const std::string& endpoint, const control::EndpointChange& change,
                       const std::string& reason);

// kInvalidArgument, with those that are there, for an endpoint that is not.
Status CheckIsThere(const std::string& endpoint, const control::EndpointChange& change,
                    const serve::Endpoints& endpoints);

// `in_force` where `before` and `after` say the same, which somebody may have changed since; else
// what `after` says. A fallback is one setting.
serve::EndpointPolicy Followed(serve::EndpointPolicy in_force, const serve::EndpointPolicy& before,
                               const serve::EndpointPolicy& after);

// Whether the values are in range for an endpoint that starts with `base`; all that are not, in one
// error.
Status CheckRanges(const EndpointChanges& changes, const serve::EndpointPolicy& base);
// Gives the endpoints that are no models what `changes` asks for; models have had theirs with their
// config.yaml. kInvalidArgument, with everything that is wrong, for endpoints that are not there.
Status SetRoutePolicies(const EndpointChanges& changes, const serve::Endpoints& endpoints,
                        ServingState& serving);

}  // namespace baton::app
