// What every gRPC listener of ours starts with.
#pragma once

namespace grpc {
class ServerBuilder;
}

namespace baton::rpc {

// Health messages visible to reflection but no health service of gRPC's own, no compressed
// messages, and the own lines of gRPC and protobuf in our log, for debugging: they are mostly about
// what clients do.
void SetUp(grpc::ServerBuilder& builder);

}  // namespace baton::rpc
