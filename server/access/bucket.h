// A rate with what its holder has left of it.
#pragma once

#include <atomic>
#include <cstdint>

#include "server/access/rate.h"
#include "server/base/clock.h"

namespace baton::access {

// What became of one request, and what is left after it.
struct RateDecision {
  bool is_allowed = true;
  std::uint32_t left = 0;                  // requests that would be allowed at once
  Duration wait = Duration::zero();        // where it is not allowed: until it would be
  Duration until_full = Duration::zero();  // until all of the burst is there again
  SteadyTime full_at = SteadyTime::min();  // the same as an instant: all that is to be remembered
};

// Whether the holder of `rate`, who will have all of it again at `full_at`, may come now. Each
// request that is allowed puts that off by an interval; it may not be further away than the burst
// takes.
RateDecision Decide(const Rate& rate, SteadyTime full_at, SteadyTime now);

// Threads: any. Cost: an exchange of one word, more where several come at the same instant.
class Bucket {
 public:
  // Full at first.
  Bucket() = default;

  RateDecision Take(const Rate& rate, SteadyTime now);
  void Fill() { full_at_ns_ = 0; }

 private:
  std::atomic<Duration::rep> full_at_ns_{0};
};

}  // namespace baton::access
