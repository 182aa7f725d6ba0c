// An event loop that a test turns by hand, under a clock that a test moves by hand.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "server/base/clock.h"
#include "server/net/event_loop.h"

namespace baton::testing_support {

// Threads: the one that made it, which is the loop's.
class LoopHarness {
 public:
  explicit LoopHarness(const net::LoopMetrics& metrics = {}) : loop_(clock_, metrics) {}

  net::EventLoop& loop() { return loop_; }
  const net::EventLoop& loop() const { return loop_; }
  ManualClock& clock() { return clock_; }

  void Turn() { loop_.RunOnce(); }
  void Turns(int count) {
    for (int i = 0; i < count; ++i) Turn();
  }
  // Moves the clock and takes one turn: fires exactly the timers that are due then, in order.
  void Advance(Duration by) {
    clock_.Advance(by);
    Turn();
  }

  // The loop's own, with the assertion that they ask for.
  SteadyTime Now() {
    loop_.AssertOnLoop();
    return loop_.Now();
  }
  SteadyTime ReadableSince() {
    loop_.AssertOnLoop();
    return loop_.ReadableSince();
  }
  Duration lag() {
    loop_.AssertOnLoop();
    return loop_.lag();
  }
  net::EventLoop::TimerId RunAt(SteadyTime at, net::EventLoop::Task task) {
    loop_.AssertOnLoop();
    return loop_.RunAt(at, std::move(task));
  }
  net::EventLoop::TimerId RunAfter(Duration delay, net::EventLoop::Task task) {
    return RunAt(clock_.Now() + delay, std::move(task));
  }
  bool Cancel(net::EventLoop::TimerId timer) {
    loop_.AssertOnLoop();
    return loop_.Cancel(timer);
  }
  int Watch(int fd, std::uint32_t events, net::IoHandler& handler) {
    loop_.AssertOnLoop();
    return loop_.Watch(fd, events, handler);
  }
  void Unwatch(int fd) {
    loop_.AssertOnLoop();
    loop_.Unwatch(fd);
  }
  void AtEndOfTurn(net::EventLoop::Task task) {
    loop_.AssertOnLoop();
    loop_.AtEndOfTurn(std::move(task));
  }
  void Retire(std::unique_ptr<net::IoHandler> object) {
    loop_.AssertOnLoop();
    loop_.Retire(std::move(object));
  }

 private:
  ManualClock clock_;
  net::EventLoop loop_;
};

}  // namespace baton::testing_support
