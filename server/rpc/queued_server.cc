// gRPC's builder knows of no queue but its own: the other one is added just before the start.
#include "server/rpc/queued_server.h"

#include <chrono>

#include <grpc/grpc.h>

namespace baton::rpc {
namespace {

thread_local CallQueue* queue_of_next_start = nullptr;

class AddQueue final : public grpc::Server::GlobalCallbacks {
 public:
  void PreSynchronousRequest(grpc::ServerContext* /*context*/) override {}
  void PostSynchronousRequest(grpc::ServerContext* /*context*/) override {}
  void PreServerStart(grpc::Server* server) override {
    if (queue_of_next_start == nullptr) return;
    grpc_server_register_completion_queue(server->c_server(), queue_of_next_start->tags().cq(),
                                          nullptr);
  }
};

void SetCallbacksOnce() {
  static const bool are_set = [] {
    grpc::Server::SetGlobalCallbacks(new AddQueue);  // gRPC keeps it for the life of the process
    return true;
  }();
  static_cast<void>(are_set);
}

}  // namespace

std::unique_ptr<QueuedServer> QueuedServer::Start(grpc::ServerBuilder& builder, CallQueue& queue) {
  SetCallbacksOnce();
  std::unique_ptr<QueuedServer> made(new QueuedServer);
  made->unused_ = builder.AddCompletionQueue();
  queue_of_next_start = &queue;
  made->server_ = builder.BuildAndStart();
  queue_of_next_start = nullptr;
  return made->server_ == nullptr ? nullptr : std::move(made);
}

QueuedServer::~QueuedServer() {
  server_.reset();
  unused_->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (unused_->Next(&tag, &ok)) {
  }
}

void QueuedServer::Shutdown(Duration grace) {
  server_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(grace));
}

}  // namespace baton::rpc
