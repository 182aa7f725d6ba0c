// The door of the admin plane in front of gRPC's calls.
#pragma once

#include <grpcpp/server_context.h>

#include "admin/service/admin_door.h"
#include "server/rpc/plain_method.h"

namespace baton::admin {

// What it refers to is the call's.
Visitor VisitorOf(const grpc::ServerContext& call);

// The same methods, each behind `door`, which outlives them: every message of a stream, too, so
// that a token that is taken back ends it. UNAUTHENTICATED, PERMISSION_DENIED.
rpc::PlainMethods Guarded(rpc::PlainMethods methods, AdminDoor& door);

}  // namespace baton::admin
