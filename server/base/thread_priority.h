// How much of the processor a thread leaves to others.
#pragma once

#include <cerrno>
#include <sys/resource.h>

#include <sched.h>

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

}  // namespace baton
