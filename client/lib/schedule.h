// When an open-loop load sends: every instant is fixed before the first request leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

enum class ScheduleKind {
  kFixed,    // evenly spaced
  kPoisson,  // independent arrivals: exponential gaps of the same mean
};
std::string_view ToText(ScheduleKind kind);

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::kFixed;
  double rate = 0;                   // requests per second; above 0, at most 1,000,000
  Duration span = Duration::zero();  // how long to send; above 0
  std::uint64_t seed = 1;            // of the Poisson arrivals: the same seed, the same instants

  // Also refuses rate * span above kMaxRequests.
  Status Validate() const;

  static constexpr double kMaxRate = 1'000'000;
  static constexpr double kMaxRequests = 50'000'000;
};

// The offsets from the start at which requests are intended, ascending, each in [0, span). A fixed
// schedule starts at 0 and does not drift; a Poisson schedule starts after its first gap.
// Requires: options.Validate().
std::vector<Duration> MakeSchedule(const ScheduleOptions& options);

// `second` from the instant at which the span of `first` ends, as one schedule.
// Requires: both validate.
std::vector<Duration> MakeSchedule(const ScheduleOptions& first, const ScheduleOptions& second);

}  // namespace baton::client
