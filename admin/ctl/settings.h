// KEY=VALUE arguments of `batonctl set`, read.
#pragma once

#include <string>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "server/base/result.h"
#include "server/control/endpoint_settings.h"

namespace baton::ctl {

// Each fails with kInvalidArgument, before anything is sent, for what is no KEY=VALUE, an unknown
// key (with the one that was probably meant), a key given twice, and a value that does not read as
// its kind. Ranges are left to the server, which knows them.

// Keys: size.
Result<admin::v1::UpdatePoolRequest> ToPoolRequest(const std::vector<std::string>& settings);

// Keys: those of control::EndpointKeys().
Result<control::EndpointChange> ToEndpointChange(const std::vector<std::string>& settings);

}  // namespace baton::ctl
