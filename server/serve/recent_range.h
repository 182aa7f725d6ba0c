// The smallest and the largest of recent durations.
#pragma once

#include <algorithm>

#include "server/base/clock.h"

namespace baton::serve {

// Of the last one to two seconds. Threads: one at a time.
class RecentRange {
 public:
  void Note(Duration value, SteadyTime now) {
    Advance(now);
    current_.smallest = std::min(current_.smallest, value);
    current_.largest = std::max(current_.largest, value);
  }
  // Duration::max() and zero when there was none.
  Duration smallest() const { return std::min(current_.smallest, previous_.smallest); }
  Duration largest() const { return std::max(current_.largest, previous_.largest); }

  void Advance(SteadyTime now) {
    if (now < window_ends_) return;
    previous_ = now < window_ends_ + kWindow ? current_ : Range{};
    current_ = Range{};
    window_ends_ = now + kWindow;
  }

 private:
  static constexpr Duration kWindow = 1s;
  struct Range {
    Duration smallest = Duration::max();
    Duration largest = Duration::zero();
  };
  Range current_, previous_;
  SteadyTime window_ends_;
};

}  // namespace baton::serve
