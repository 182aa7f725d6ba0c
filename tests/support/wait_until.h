// Waiting for another thread, or the kernel, without a sleep and without an end that is timed.
#pragma once

#include <thread>

#include "server/base/check.h"
#include "server/base/clock.h"

namespace baton::testing_support {

// Gives the processor away until `is_so()`. Ends the process after half a minute, so that a test
// that waits for what never comes says where.
template <typename Predicate>
void WaitUntil(Predicate is_so) {
  const SteadyTime end = SystemClock().Now() + 30s;
  while (!is_so()) {
    BATON_CHECK(SystemClock().Now() < end);
    std::this_thread::yield();
  }
}

}  // namespace baton::testing_support
