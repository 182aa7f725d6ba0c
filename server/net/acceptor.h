// Takes connections off a listening socket that several loops may share.
#pragma once

#include <functional>

#include "server/base/fd.h"
#include "server/net/event_loop.h"

namespace baton::net {

// Threads: the loop's.
// Owns: nothing of the listening socket; whoever made it keeps it open for as long as any acceptor.
class Acceptor final : public IoHandler {
 public:
  // `on_connection` takes a non-blocking descriptor over.
  using OnConnection = std::function<void(UniqueFd)>;

  Acceptor(EventLoop& loop, int listening_fd, OnConnection on_connection);
  ~Acceptor() override;

  void Start() BATON_REQUIRES(on_loop);
  // Connections that come from now on wait in the backlog.
  void Stop() BATON_REQUIRES(on_loop);

  void OnEvents(std::uint32_t events) override;

 private:
  // False when nobody waits, or nothing can be done about it now.
  bool TurnOneAway();
  void PauseOnLoop() BATON_REQUIRES(on_loop);

  EventLoop& loop_;
  const int listening_fd_;
  const OnConnection on_connection_;
  UniqueFd spare_;  // given up for a moment when descriptors run out, to refuse instead of spinning
  bool is_started_ BATON_GUARDED_BY(on_loop) = false;
  SteadyTime last_logged_ BATON_GUARDED_BY(on_loop);
  EventLoop::TimerId retry_ BATON_GUARDED_BY(on_loop);
};

}  // namespace baton::net
