// The admin listener: the gRPC server with the admin service, health and reflection on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/base/clock.h"
#include "server/base/duration_text.h"
#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::rpc {
class CallQueue;
}

namespace baton::admin {

// Serves baton.admin.v1.AdminService, grpc.health.v1 (for "" and the admin service),
// grpc.channelz.v1 and server reflection (v1 and v1alpha), without encryption: an address that is
// not loopback is for closed networks only, and is warned of in the log.
//
// Threads: Start, Stop and the destructor from one thread at a time; port and SetServing from any.
// Calls are answered on a thread of its own; what gRPC does for them happens where the queue is
// run.
class AdminServer {
 public:
  struct Options {
    // Not `off`; port 0 asks for any free one.
    ListenAddress address{.off = false, .host = "127.0.0.1", .port = 8081};
    // Path of a Unix socket to listen on in place of `address`; made for the owner alone. At most
    // 107 bytes.
    std::string unix_socket;
  };

  // Serving when it returns, and answers while the queue runs. `control` and `queue` outlive the
  // server. Fails with kInvalidArgument for an address that is off or a path that is too long, with
  // kUnavailable, saying why, where it cannot listen.
  static Result<std::unique_ptr<AdminServer>> Start(const Options& options,
                                                    control::ControlPort& control,
                                                    rpc::CallQueue& queue);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // The port in use; 0 on a Unix socket.
  std::uint16_t port() const;

  // What the health service says from now on; true at first. Admin calls are answered either way.
  void SetServing(bool serving);

  // Accepts no more calls, ends open streams, lets running calls finish for `grace` at most, and
  // returns when all is over. The queue runs by itself from then on. A second call does nothing.
  void Stop(Duration grace);

 private:
  struct State;
  explicit AdminServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace baton::admin
