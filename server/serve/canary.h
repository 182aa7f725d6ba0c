// Whether a newer version that gets a share of the requests does worse than the one beside it, and
// which requests are its.
#pragma once

#include <cstdint>
#include <string>

#include "server/base/clock.h"

namespace baton::serve {

// What happened to a version's requests in the last CanaryPolicy::window.
struct VersionWindow {
  std::uint64_t requests = 0;  // answered
  std::uint64_t misses = 0;    // of them: errors, too
  std::uint64_t errors = 0;    // of the misses: the model failed
};

struct CanaryPolicy {
  double margin = 0.02;  // its rate may be worse by so much
  std::uint64_t min_requests = 200;
  Duration window = 60s;  // for whoever counts
};

struct CanaryVerdict {
  bool rolls_back = false;
  // Of a roll-back: "miss rate 7.2 % of 412 requests, stable's 0.4 % of 3708, margin 2 %".
  std::string reason;
};

// Rolls back when the canary's rate of errors, or else of misses, is worse than the stable
// version's by more than the margin beyond reasonable doubt: when the lower bound of its Wilson
// score interval is above the upper bound of the stable version's plus the margin, each at z = 3.72
// (one chance in 10,000 to be wrong). Below min_requests, from 20 on, only a canary of whose
// requests more than half go wrong by that bound is rolled back: one that does nothing but fail is,
// after some 20 requests. A stable version without requests is taken to do everything right.
CanaryVerdict JudgeCanary(const VersionWindow& stable, const VersionWindow& canary,
                          const CanaryPolicy& policy);

// Whether the canary takes the request with this number. Counted up one by one, the numbers that it
// takes are spread evenly, and after any n requests it has had `share` (0 to 1) of them to within
// a few.
bool TakesCanary(std::uint64_t counter, double share);

}  // namespace baton::serve
