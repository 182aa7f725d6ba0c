// Making of schedules.
#include "client/lib/schedule.h"

#include <cmath>
#include <random>
#include <string>

#include "server/base/check.h"
#include "server/base/duration_text.h"

namespace baton::client {
namespace {

std::vector<Duration> MakeFixed(const ScheduleOptions& options, std::vector<Duration> offsets) {
  for (std::uint64_t i = 0;; ++i) {
    // From the index and not from the offset before it: rounding must not add up.
    const Duration at(std::llround(static_cast<double>(i) * 1e9 / options.rate));
    if (at >= options.span) return offsets;
    offsets.push_back(at);
  }
}

std::vector<Duration> MakePoisson(const ScheduleOptions& options, std::vector<Duration> offsets) {
  // The gaps are made by hand because std::exponential_distribution differs between libraries, and
  // a seed is worth something only while it means the same load everywhere.
  std::mt19937_64 random(options.seed);
  double at_ns = 0;
  for (;;) {
    const double uniform = static_cast<double>(random() >> 11) * 0x1.0p-53;  // [0, 1)
    at_ns += -std::log1p(-uniform) * 1e9 / options.rate;
    if (at_ns >= static_cast<double>(options.span.count())) return offsets;
    offsets.emplace_back(static_cast<Duration::rep>(at_ns));
  }
}

}  // namespace

std::string_view ToText(ScheduleKind kind) {
  return kind == ScheduleKind::kFixed ? "fixed" : "poisson";
}

Status ScheduleOptions::Validate() const {
  if (!(rate > 0 && rate <= kMaxRate)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "expected more than 0 and at most 1000000 requests per second, got " + std::to_string(rate),
        "rate");
  }
  if (span <= Duration::zero()) {
    return Fail(ErrorCode::kInvalidArgument, "expected more than 0s, got " + FormatDuration(span),
                "duration");
  }
  if (rate * ToSeconds(span) > kMaxRequests) {
    return Fail(ErrorCode::kInvalidArgument,
                "rate times duration is more than 50 million requests; lower one of them", "rate");
  }
  return {};
}

std::vector<Duration> MakeSchedule(const ScheduleOptions& options) {
  BATON_CHECK(options.Validate().has_value());
  std::vector<Duration> offsets;
  offsets.reserve(static_cast<std::size_t>(options.rate * ToSeconds(options.span) * 1.01) + 16);
  return options.kind == ScheduleKind::kFixed ? MakeFixed(options, std::move(offsets))
                                              : MakePoisson(options, std::move(offsets));
}

std::vector<Duration> MakeSchedule(const ScheduleOptions& first, const ScheduleOptions& second) {
  std::vector<Duration> offsets = MakeSchedule(first);
  for (const Duration offset : MakeSchedule(second)) offsets.push_back(first.span + offset);
  return offsets;
}

}  // namespace baton::client
