// How much of the processor a thread leaves to others.
#pragma once

#include <cerrno>
#include <chrono>
#include <optional>
#include <sys/resource.h>

#include <sched.h>

#include "server/base/clock.h"

namespace baton {

// Makes the calling thread nicer by `more` steps, and it alone (setpriority(2), "C library/kernel
// differences"). Where that is not allowed, nothing is lost.
inline void GiveWay(int more) {
  errno = 0;
  const int now = getpriority(PRIO_PROCESS, 0);
  if (errno == 0) setpriority(PRIO_PROCESS, 0, now + more);
}

// Makes the calling thread, and those that it starts from now on, run only while no other wants the
// core: who wakes up takes it at once, where one that is merely nicer may go on for milliseconds.
// It is not starved altogether: what keeps a core busy leaves it some 0.3 % (sched(7), SCHED_IDLE).
inline void WorkInIdleTime() {
  const sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);
}

// For long work that may not wait for idle time: offers the core to whoever wants it, whenever the
// calling thread has had it for `kTurn`. Linux lets a thread that runs finish its slice, of some
// milliseconds, before somebody who woke up gets the core; sched_yield(2) gives the rest of it
// away.
//
// Threads: one's own.
// Cost: without anybody who waits, 1 us a turn.
class Turns {
 public:
  static constexpr Duration kTurn = std::chrono::microseconds(100);

  using Yield = int (*)();

  explicit Turns(Yield yield = &sched_yield) : yield_(yield) {}

  // Between two pieces of work; a turn begins with the first one.
  void Offer(SteadyTime now) {
    if (!began_) began_ = now;
    if (now - *began_ < kTurn) return;
    yield_();
    began_.reset();  // who knows when it came back
  }

 private:
  const Yield yield_;
  std::optional<SteadyTime> began_;
};

}  // namespace baton
