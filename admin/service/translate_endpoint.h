// Between the messages of endpoints and misses and the plain structs of the control port.
#pragma once

#include <string>

#include "admin/service/translate.h"
#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin::v1 {
class Endpoint;
class ListMissesRequest;
class Miss;
class UpdateEndpointRequest;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::EndpointState& state, v1::Endpoint& endpoint);
void Fill(const control::MissState& state, v1::Miss& miss);

// What the request asks for. kInvalidArgument for what cannot be said to the control port (ranges
// are its own care); kAborted for an etag that no generation can have.
Result<control::EndpointUpdate> ToUpdate(const v1::UpdateEndpointRequest& request);
Result<control::MissQuery> ToQuery(const v1::ListMissesRequest& request);

// "tumour" out of "endpoints/tumour"; kInvalidArgument, naming `field`, for another form.
Result<std::string> ToEndpointName(const std::string& resource_name, const std::string& field);

// The settings that differ, for the answer to an update.
void FillChanges(const control::Changed<control::EndpointState>& changed, v1::Endpoint& endpoint);

// The settings that differ: "default_budget=50ms" and "default_budget=20ms".
ChangeTexts TextsOf(const control::Changed<control::EndpointState>& changed);

}  // namespace baton::admin
