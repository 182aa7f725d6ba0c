// What every gRPC listener of ours starts with.
#pragma once

#include "server/base/duration_text.h"
#include "server/base/result.h"

namespace grpc {
class ServerBuilder;
}

namespace baton::rpc {

// Health messages visible to reflection but no health service of gRPC's own, no sharing of ports,
// no compressed messages, and the own lines of gRPC and protobuf in our log, for debugging: they
// are mostly about what clients do.
void SetUp(grpc::ServerBuilder& builder);

// gRPC says that it cannot listen, but not why: trying the same once more brings the kernel's
// reason.
Error WhyNotListening(const ListenAddress& address);

}  // namespace baton::rpc
