// A gRPC server whose calls come out of a queue that it shares with others.
#pragma once

#include <memory>

#include <grpcpp/grpcpp.h>

#include "server/base/clock.h"
#include "server/rpc/call_queue.h"

namespace baton::rpc {

// Threads: one at a time, not the queue's.
class QueuedServer {
 public:
  // Null where it cannot listen. Requires: `builder` has a generic service, and no methods but
  // asynchronous ones; all servers of the process are built here; gRPC polls by epoll1, its default
  // on Linux, since others deal connections to the queues of a server in turn. The queue outlives
  // it.
  static std::unique_ptr<QueuedServer> Start(grpc::ServerBuilder& builder, CallQueue& queue);
  // Requires: Shutdown was called.
  ~QueuedServer();
  QueuedServer(const QueuedServer&) = delete;
  QueuedServer& operator=(const QueuedServer&) = delete;

  // Takes no more calls, and returns when all connections have gone, after `grace` by force: a call
  // may still be owed its answer. Requires: the queue runs.
  void Shutdown(Duration grace);

 private:
  QueuedServer() = default;

  std::unique_ptr<grpc::ServerCompletionQueue> unused_;  // no server starts without one of its own
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace baton::rpc
