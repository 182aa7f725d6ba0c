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
  // A connection was accepted and closed at once, because there are no descriptors left.
  using OnTurnedAway = std::function<void()>;

  Acceptor(EventLoop& loop, int listening_fd, OnConnection on_connection,
           OnTurnedAway on_turned_away = nullptr);
  ~Acceptor() override;

  void Start() BATON_REQUIRES(on_loop);
  // Connections that come from now on wait in the backlog.
  void Stop() BATON_REQUIRES(on_loop);
  // The same for as long as its owner is overloaded, started or not: started while it is paused, it
  // begins with Resume. Both may be called again and again.
  void Pause() BATON_REQUIRES(on_loop);
  void Resume() BATON_REQUIRES(on_loop);
  // Takes all that wait in the backlog now, however many they are. Requires: started, not paused.
  void AcceptAll() BATON_REQUIRES(on_loop);
  bool is_paused() const BATON_REQUIRES(on_loop) { return is_paused_; }

  void OnEvents(std::uint32_t events) override;

 private:
  // Both false when nobody waits, or nothing can be done about it now.
  bool AcceptOne() BATON_REQUIRES(on_loop);
  bool TurnOneAway();
  void TakeABreak() BATON_REQUIRES(on_loop);
  void UpdateWatch() BATON_REQUIRES(on_loop);

  EventLoop& loop_;
  const int listening_fd_;
  const OnConnection on_connection_;
  const OnTurnedAway on_turned_away_;
  UniqueFd spare_;  // given up for a moment when descriptors run out, to refuse instead of spinning
  bool is_started_ BATON_GUARDED_BY(on_loop) = false;
  bool is_paused_ BATON_GUARDED_BY(on_loop) = false;  // by its owner
  bool is_on_break_ BATON_GUARDED_BY(on_loop) = false;
  bool is_watching_ BATON_GUARDED_BY(on_loop) = false;  // started, and neither of the two
  SteadyTime last_logged_ BATON_GUARDED_BY(on_loop);
  EventLoop::TimerId break_ends_ BATON_GUARDED_BY(on_loop);
};

}  // namespace baton::net
