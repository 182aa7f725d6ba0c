// SIGINT, SIGTERM, SIGHUP and SIGUSR1 as events of a loop.
#pragma once

#include <functional>

#include "server/base/fd.h"
#include "server/net/event_loop.h"

namespace baton::lifecycle {

// Blocks them in the calling thread and every thread it starts from now on, and ignores SIGPIPE and
// SIGXFSZ: a write that fails says so. Call before the first thread is started.
void BlockSignals();

// Calls `on_signal(number)` on the loop for each of them.
//
// Threads: the loop's.
class SignalWatcher final : public net::IoHandler {
 public:
  SignalWatcher(net::EventLoop& loop, std::function<void(int)> on_signal);
  ~SignalWatcher() override;

  void OnEvents(std::uint32_t events) override;

 private:
  net::EventLoop& loop_;
  const std::function<void(int)> on_signal_;
  UniqueFd fd_;
};

}  // namespace baton::lifecycle
