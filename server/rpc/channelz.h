// grpc.channelz.v1: what gRPC itself knows of its servers, connections and calls.
#pragma once

#include "server/rpc/plain_method.h"

namespace baton::rpc {

// The methods of the service, over all servers of the process. gRPC's own service is a synchronous
// one, and our servers have none of its threads: these ask for the same figures.
PlainMethods ChannelzMethods();

}  // namespace baton::rpc
