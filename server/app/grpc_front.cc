// Bringing the parts of the gRPC data plane up, and down in the right order.
#include "server/app/grpc_front.h"

#include <utility>

namespace baton::app {
namespace {

// For answers that have been given, and are still to be read.
constexpr Duration kStopGrace = 200ms;

}  // namespace

Result<std::unique_ptr<GrpcFront>> GrpcFront::Start(const api::InferenceServer::Options& listener,
                                                    const GrpcConductor::Options& conductor,
                                                    const Parts& parts) {
  std::unique_ptr<GrpcFront> front(new GrpcFront(conductor, parts));
  auto server = api::InferenceServer::Start(
      listener, {parts.queue, front->conductor_, parts.directory, parts.clock, parts.keys});
  if (!server) return tl::unexpected(std::move(server.error()));
  front->server_ = *std::move(server);
  parts.serving.Tell(
      [&started = front->conductor_](const Published& published) { started.Use(published); });
  return front;
}

GrpcFront::~GrpcFront() { Stop(); }

void GrpcFront::Stop() {
  conductor_.Close();
  if (server_) server_->Stop(kStopGrace);
}

}  // namespace baton::app
