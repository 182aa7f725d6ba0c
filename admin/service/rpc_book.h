// The books about admin calls: every answered one is counted, and those that stay open can be
// ended.
#pragma once

#include <memory>
#include <unordered_set>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/control/control_port.h"

namespace grpc {
class ServerContextBase;
namespace experimental {
class ServerInterceptorFactoryInterface;
}
}  // namespace grpc

namespace baton::admin {

// Threads: any.
class RpcBook {
 public:
  // `control` and `clock` outlive the book, and the book outlives the server that it is given to.
  RpcBook(control::ControlPort& control, const Clock& clock) : control_(control), clock_(clock) {}

  // For the server's builder. Calls of methods that nobody registered are not counted: their names
  // are the client's text. Streams are not counted either: they last as long as the client likes.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeInterceptorFactory();

  // Cancels the streams that are open now; without it, a server that stops waits for them.
  void EndStreams() BATON_EXCLUDES(mutex_);

 private:
  class Factory;
  class CallCounter;
  class OpenStream;

  control::ControlPort& control_;
  const Clock& clock_;
  Mutex mutex_;
  std::unordered_set<const grpc::ServerContextBase*> streams_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::admin
