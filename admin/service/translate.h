// Between the messages of the admin schema and the plain structs of the control port.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin::v1 {
class Endpoint;
class Pool;
class ServerStatus;
class UpdateEndpointRequest;
class UpdatePoolRequest;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::PoolState& state, v1::Pool& pool);
void Fill(const control::EndpointState& state, v1::Endpoint& endpoint);
void Fill(const control::ServerState& state, v1::ServerStatus& status);

// What the request asks for. kInvalidArgument for what cannot be said to the control port (ranges
// are its own care); kAborted for an etag that no generation can have.
Result<control::PoolUpdate> ToUpdate(const v1::UpdatePoolRequest& request);
Result<control::EndpointUpdate> ToUpdate(const v1::UpdateEndpointRequest& request);

// Accepts "pool" and nothing; kNotFound for another name.
Status CheckPoolName(const std::string& name);

// "tumour" out of "endpoints/tumour"; kInvalidArgument, naming `field`, for another form.
Result<std::string> ToEndpointName(const std::string& resource_name, const std::string& field);

// What can be changed and its value, for the log: "size=2".
std::string SettingsText(const control::PoolState& state);
std::string SettingsText(const control::EndpointState& state);

}  // namespace baton::admin
