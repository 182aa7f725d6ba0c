// The gRPC data plane: its listener, its loop and what it says of the models.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "server/api/grpc/inference_server.h"
#include "server/app/grpc_conductor.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/net/event_loop.h"
#include "server/rpc/call_queue.h"

namespace baton::app {

// Threads: Run is a thread of its own; Stop and the destructor come after it; the rest from any.
class GrpcFront final : private net::ForeignEvents {
 public:
  // Everything outlives it.
  struct Parts {
    const Clock& clock;
    rpc::CallQueue& queue;
    const DeskParts& desk;
    ServingState& serving;
    const serve::Endpoint& unknown;
    const api::ModelDirectory& directory;
    const access::ApiKeys* keys;  // null: clients need none
  };

  // Takes connections when it returns, and answers once Run runs. Errors: those of listening.
  static Result<std::unique_ptr<GrpcFront>> Start(const api::InferenceServer::Options& listener,
                                                  const GrpcConductor::Options& conductor,
                                                  const Parts& parts);
  ~GrpcFront() override;
  GrpcFront(const GrpcFront&) = delete;
  GrpcFront& operator=(const GrpcFront&) = delete;

  std::uint16_t port() const { return server_->port(); }
  net::ForeignListener& listener() { return server_->listener(); }
  void SetServing(bool serving) { server_->SetServing(serving); }
  // As a conductor's, and nobody is let in any more as a drain begins. Whoever calls afterwards is
  // told that the server goes, or how it is.
  void Run() {
    conductor_.Run();
    queue_.RunByItself();
  }
  void BeginDrain(Duration grace, Duration limit) {
    server_->StopAccepting();
    conductor_.BeginDrain(grace, limit);
  }
  // Ends the listener. What still comes is told that the server goes.
  void Stop();

 private:
  GrpcFront(const GrpcConductor::Options& conductor, const Parts& parts)
      : queue_(parts.queue),
        conductor_(parts.clock, *this, parts.desk, parts.unknown, conductor, parts.keys) {}

  // Events of the loop are the queue's.
  bool IsReady() override { return queue_.IsReady(); }
  void Wait(std::optional<Duration> time) override { queue_.Wait(time); }
  void Dispatch() override { queue_.HandleSome(); }
  void Interrupt() override { queue_.Wake(); }

  rpc::CallQueue& queue_;
  GrpcConductor conductor_;
  std::unique_ptr<api::InferenceServer> server_;
};

}  // namespace baton::app
