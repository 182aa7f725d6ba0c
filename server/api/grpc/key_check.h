// API keys of calls over gRPC.
#pragma once

#include <grpcpp/server_context.h>

#include "server/access/api_keys.h"
#include "server/base/clock.h"
#include "server/rpc/plain_method.h"

namespace baton::api {

// Lets each method answer only who has a key, but for those that are open to all: health, and
// whether the server lives and is ready. Both outlive the methods.
void RequireKeys(rpc::PlainMethods& methods, const access::ApiKeys& keys, const Clock& clock);

}  // namespace baton::api
