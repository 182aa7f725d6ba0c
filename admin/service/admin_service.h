// The methods of baton.admin.v1.AdminService over a control port.
#pragma once

#include <functional>

#include "admin/service/admin_door.h"
#include "admin/service/admin_method.h"
#include "server/control/control_port.h"
#include "server/rpc/plain_method.h"

namespace baton::admin {

// `control` outlives them. `post` runs a task on the thread of the calls, and may be called from
// any: who waits for an operation is answered when it is done.
using PostToCalls = std::function<void(std::function<void()> task)>;
AdminMethods MakeAdminMethods(control::ControlPort& control, const PostToCalls& post);

// As gRPC's clients call them. `door` knows who calls, and outlives them.
rpc::PlainMethods OverGrpc(const AdminMethods& methods, const AdminDoor& door);

}  // namespace baton::admin
