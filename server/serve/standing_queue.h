// Whether a queue stands: one that never empties, as opposed to a burst that passes.
#pragma once

#include "server/base/clock.h"

namespace baton::serve {

// Over each window of max(200 ms, twice the largest budget in use) it keeps the minimum, over
// arrivals, of the predicted work per worker as a share of the arrival's budget. A minimum above
// 0.05 means that the queue stood all the while: then less of the slack may be spent waiting, since
// waiting brings nothing but latency. The idea is CoDel's (K. Nichols and V. Jacobson, "Controlling
// queue delay", 2012).
//
// Threads: one at a time.
class StandingQueue {
 public:
  static constexpr double kPassing = 0.9;   // of the slack may be spent waiting
  static constexpr double kStanding = 0.5;  // while a queue stands

  // An arrival finds `work_per_worker` before it.
  void Observe(Duration work_per_worker, Duration budget, Duration largest_budget, SteadyTime now);
  double alpha() const { return alpha_; }

 private:
  SteadyTime window_ends_;
  Duration window_ = Duration::zero();
  double smallest_share_ = 0;
  double alpha_ = kPassing;
};

}  // namespace baton::serve
