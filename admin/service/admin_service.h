// The gRPC service baton.admin.v1.AdminService over a control port.
#pragma once

#include <memory>

#include "server/control/control_port.h"

namespace grpc {
class Service;
}

namespace baton::admin {

// Translates each request, makes one call of `control`, translates back; every change is written to
// the log with who asked, what it was before and what it is now. `control` outlives the service.
//
// Threads: gRPC calls it from several at once; none of them waits, since no method of the port
// does.
std::unique_ptr<grpc::Service> MakeAdminService(control::ControlPort& control);

}  // namespace baton::admin
