// The admin listener: the gRPC server with the admin service, health and reflection on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/service/admin_door.h"
#include "admin/service/admin_feed.h"
#include "admin/service/admin_method.h"
#include "server/base/clock.h"
#include "server/base/duration_text.h"
#include "server/base/result.h"
#include "server/control/caller.h"
#include "server/control/control_port.h"
#include "server/metrics/registry.h"

namespace baton::net {
class ForeignListener;
class TlsCertificate;
}  // namespace baton::net
namespace baton::rpc {
class CallQueue;
}

namespace baton::admin {

// Serves baton.admin.v1.AdminService, grpc.health.v1 (for "" and the admin service),
// grpc.channelz.v1 and server reflection (v1 and v1alpha), on an address, on a Unix socket, or on
// both. Each call passes the door first.
//
// Threads: Start, Stop and the destructor from one thread at a time; port, SetServing and Call from
// any. Calls are answered on a thread of its own; what gRPC does for them happens where the queue
// is run.
class AdminServer {
 public:
  struct Options {
    // Port 0 asks for any free one. `off`: the Unix socket alone.
    ListenAddress address{.off = false, .host = "127.0.0.1", .port = 8081};
    // For the address; it outlives the server. Null: plain connections.
    const net::TlsCertificate* tls = nullptr;
    // Path of a Unix socket, made for the owner alone, at most 107 bytes; empty: none. That of a
    // server that has gone is replaced, and its own removed at the end, where it may.
    std::string unix_socket;
    AdminDoor::Options door{};
    std::size_t max_connections = 1024;           // over each of the two
    std::size_t max_connections_per_address = 0;  // 0: as many as there may be in all
    // For the door's metrics; it does not scrape once the server is gone. Null: none are kept.
    metrics::Registry* registry = nullptr;
  };

  // Serving when it returns, and answers while the queue runs. `control` and `queue` outlive the
  // server. Fails with kInvalidArgument without an address and a path, or where one makes no
  // sense, with kUnavailable or kFailedPrecondition, saying why, where it cannot listen.
  static Result<std::unique_ptr<AdminServer>> Start(const Options& options,
                                                    control::ControlPort& control,
                                                    rpc::CallQueue& queue);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // The port in use; 0 without an address.
  std::uint16_t port() const;
  // Its connections.
  net::ForeignListener& listener();

  // What the health service says from now on; true at first. Admin calls are answered either way.
  void SetServing(bool serving);

  // A call that comes another way than gRPC's: the method by its name, as "GetPool", and its
  // serialized request. Replies once, on the thread of the calls; kUnsupported for a method that is
  // not there. Counted as the others are. Threads: any, until the destructor.
  void Call(std::string method, control::Caller caller, std::string message, AdminReply reply);

  // The same of a method that streams, of which none is counted. `tell` as of OpenAdminFeed; the
  // feed goes before what the server was started with. Threads: any, until the destructor.
  OpenedAdminFeed Open(const std::string& method, const control::Caller& caller,
                       std::string_view message, std::function<void()> tell);

  // Accepts no more calls, ends open streams, lets running calls finish for `grace` at most, and
  // returns when all is over. The queue runs by itself from then on. A second call does nothing.
  void Stop(Duration grace);

 private:
  struct State;
  explicit AdminServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace baton::admin
