// How long before its deadline an answer must be decided, so that it leaves in time.
#pragma once

#include <array>
#include <cstdint>

#include "server/base/clock.h"

namespace baton::serve {

// guard = min(max(p99, 1 ms), 0.1 * budget), with p99 over the delays between the moment when an
// answer was due to be decided and the moment when its write began (timer lag, hand-off and the
// answers before it). A logarithmic histogram of ratio 1.25 whose weights halve every 1024 samples;
// the first samples meet a prior of 4 ms, so that a burst on a fresh server finds a guard that
// holds it.
//
// Threads: one at a time. Cost: Observe is a look-up and an add; p99 is refreshed every 64 samples.
class Guard {
 public:
  Guard();

  void Observe(Duration delay);
  Duration For(Duration budget) const;
  Duration p99() const { return p99_; }

 private:
  static constexpr std::size_t kBuckets = 64;  // from 1 us, up to 1.25^63 us = 1.3 s
  static std::size_t BucketOf(Duration delay);
  void Refresh();

  std::array<double, kBuckets> weights_{};
  std::uint64_t samples_ = 0;
  Duration p99_ = 4ms;
};

}  // namespace baton::serve
