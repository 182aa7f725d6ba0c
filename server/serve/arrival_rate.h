// How many requests come per second.
#pragma once

#include <cmath>

#include "server/base/clock.h"

namespace baton::serve {

// Exponentially weighted with a time constant of 250 ms. Threads: one at a time.
class ArrivalRate {
 public:
  void Note(SteadyTime now) {
    weight_ = Weight(now) + 1;
    last_ = now;
  }
  double PerSecond(SteadyTime now) const { return Weight(now) / kTimeConstant; }

 private:
  static constexpr double kTimeConstant = 0.25;
  double Weight(SteadyTime now) const {
    return weight_ * std::exp(-ToSeconds(now - last_) / kTimeConstant);
  }

  double weight_ = 0;
  SteadyTime last_;
};

}  // namespace baton::serve
