// Between what an operator says of an endpoint and the policy by which it is served.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/control/control_port.h"
#include "server/control/endpoint_settings.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/miss_ring.h"

namespace baton::app {

using Endpoints = std::vector<std::unique_ptr<serve::Endpoint>>;  // each at its index

// Writes every setting of `policy` into `state`, those of a fallback that its kind does not use
// too.
void Describe(const serve::EndpointPolicy& policy, control::EndpointState& state);
control::MissState Describe(const serve::Miss& miss);

// `policy` with what `update` names, checked whole. kInvalidArgument with the field.
Result<serve::EndpointPolicy> Updated(serve::EndpointPolicy policy,
                                      const control::EndpointUpdate& update);

// kInvalidArgument unless the model of a fallback is the endpoint of another model.
Status CheckFallbackModel(const serve::EndpointPolicy& policy, const std::string& endpoint,
                          const Endpoints& endpoints);

// What --endpoint flags ask for, by the name of the endpoint.
using EndpointChanges = std::map<std::string, control::EndpointChange>;

// Reads NAME:KEY=VALUE texts. kInvalidArgument with everything that is wrong with them.
Result<EndpointChanges> ReadEndpointFlags(const std::vector<std::string>& texts);
// Whether the values are in range for an endpoint that starts with `base`; all that are not, in one
// error.
Status CheckRanges(const EndpointChanges& changes, const serve::EndpointPolicy& base);
// The policies by index: `base`, changed where that is asked for. kInvalidArgument, with everything
// that is wrong, for endpoints and models that are not there.
Result<std::vector<serve::EndpointPolicy>> MakePolicies(const EndpointChanges& changes,
                                                        const serve::EndpointPolicy& base,
                                                        const Endpoints& endpoints);

}  // namespace baton::app
