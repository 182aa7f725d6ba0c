// Between the messages of endpoints and misses and the plain structs of control, seen by a client.
#pragma once

#include <string>

#include "baton/admin/v1/admin_service.pb.h"

#include "server/control/control_port.h"

namespace baton::ctl {

// Names without "endpoints/"; words that this program does not know are "unknown".
control::EndpointState ToState(const admin::v1::Endpoint& endpoint);
control::MissState ToState(const admin::v1::Miss& miss);

// The request that asks for exactly what `update` names.
admin::v1::UpdateEndpointRequest ToRequest(const control::EndpointUpdate& update);

// "1,2", or "-" for none.
std::string VersionsText(const control::EndpointState& endpoint);

}  // namespace baton::ctl
