// The way into a gRPC server: its listening sockets, and a thread that lets connections in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <grpcpp/security/server_credentials.h>

#include "server/base/clock.h"
#include "server/base/duration_text.h"
#include "server/base/fd.h"
#include "server/base/result.h"
#include "server/net/event_loop.h"
#include "server/net/foreign_listener.h"

namespace grpc {
class ServerBuilder;
}

namespace baton::rpc {

// gRPC would accept by itself, and tell nobody of its connections. It takes them from here instead,
// which costs a connection a second descriptor, and a call nothing.
//
// Threads: one at a time; listener() is for any. Owns: a thread, which sleeps while nobody comes.
class Entrance {
 public:
  struct Limits {
    std::size_t connections = 1024;   // through each door
    std::size_t of_each_address = 0;  // 0: nobody counts
    int backlog = 1024;
    Duration opening_time = std::chrono::seconds(10);  // for first bytes, and for a handshake
  };

  Entrance(std::string thread_name, const Limits& limits);
  // Requires: the server is gone, or StopHandingOver was called.
  ~Entrance();
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  // Before the server is built: connections wait from now on. Errors: those of net::Listen.
  Status AddAddress(const ListenAddress& address, bool speaks_tls,
                    std::shared_ptr<grpc::ServerCredentials> credentials,
                    grpc::ServerBuilder& builder);
  // The same of a socket that listens already.
  void AddSocket(UniqueFd listening, bool speaks_tls,
                 std::shared_ptr<grpc::ServerCredentials> credentials,
                 grpc::ServerBuilder& builder);
  // Of the first door.
  std::uint16_t port() const;

  // The server has started: connections come to it. Once.
  void Open();
  // Whoever comes from now on is turned away by the kernel.
  void StopAccepting();
  // Nothing more comes to the server, which is shut down now.
  void StopHandingOver();

  net::ForeignListener& listener() { return listener_; }

 private:
  void OnLoop(std::function<void()> task);

  const std::string thread_name_;
  const Limits limits_;
  SystemClock clock_;
  net::EventLoop loop_{clock_};
  net::ForeignListener listener_;
  std::jthread thread_;  // last
};

}  // namespace baton::rpc
