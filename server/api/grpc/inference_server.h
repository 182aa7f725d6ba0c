// The listener of the gRPC data plane: inference.GRPCInferenceService, health and reflection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/access/api_keys.h"
#include "server/api/grpc/infer_call.h"
#include "server/api/model_directory.h"
#include "server/base/clock.h"
#include "server/base/duration_text.h"
#include "server/base/result.h"
#include "server/rpc/call_queue.h"

namespace baton::net {
class ForeignListener;
class TlsCertificate;
}  // namespace baton::net

namespace baton::api {

// Predictions go to the sink as they come; everything else is answered on the spot out of the
// directory. It has no thread of its own: all that gRPC
// does happens where its queue is run.
//
// Threads: the sink and its calls: the queue's. Start, Stop and the destructor: one at a time. The
// rest: any.
class InferenceServer {
 public:
  struct Options {
    ListenAddress address;  // not `off`; port 0 asks for any free one
    std::size_t max_message_bytes = std::size_t{8} << 20U;
    std::size_t max_held_bytes = std::size_t{256} << 20U;    // by gRPC itself, of all connections
    std::size_t max_unsent_bytes = std::size_t{256} << 20U;  // of answers; more has no room
    Duration write_time = std::chrono::seconds(20);          // for a client to read its answer
    int max_streams_per_connection = 256;
    const net::TlsCertificate* tls = nullptr;  // which outlives it; null: plain connections
    std::size_t max_connections = 1024;
    std::size_t max_connections_per_address = 0;  // 0: as many as there may be in all
    int backlog = 1024;
  };

  // All of them outlive it.
  struct Parts {
    rpc::CallQueue& queue;
    InferenceSink& sink;
    const ModelDirectory& directory;
    const Clock& clock;
    // Null: clients need none. Those of ModelInfer are the sink's to check.
    const access::ApiKeys* keys = nullptr;
  };

  // Listens when it returns. Errors: those of listening, with the system's reason.
  static Result<std::unique_ptr<InferenceServer>> Start(const Options& options, const Parts& parts);
  ~InferenceServer();
  InferenceServer(const InferenceServer&) = delete;
  InferenceServer& operator=(const InferenceServer&) = delete;

  std::uint16_t port() const;
  // Its connections.
  net::ForeignListener& listener();

  // What the health service says from now on; false at first.
  void SetServing(bool serving);

  // Whoever connects from now on is turned away; who is connected is answered as before.
  void StopAccepting();

  // Takes no more calls; answers have `grace` to be read. The queue runs by itself from then on,
  // and the sink drops what still comes, and holds no call. A second call does nothing.
  void Stop(Duration grace);

 private:
  struct State;
  explicit InferenceServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace baton::api
