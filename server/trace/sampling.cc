// Sampling at the end of a request, when it is known what became of it.
#include "server/trace/sampling.h"

#include <chrono>

namespace baton::trace {

bool IsInShare(const TraceId& trace, double share) {
  return RandomPart(trace) >= FirstInShare(share);
}

std::uint64_t FirstInShare(double share) {
  if (share >= 1) return 0;
  if (!(share > 0)) return kFirstOfNone;
  return kFirstOfNone - static_cast<std::uint64_t>(share * static_cast<double>(kFirstOfNone));
}

bool IsWanted(const Sampling& sampling, const TraceContext& trace, bool is_miss) {
  if (is_miss) return true;
  if (sampling.follows_callers && trace.is_sampled) return true;
  return IsInShare(trace.trace_id, sampling.share);
}

bool RateGate::TryPass(SteadyTime now, std::uint32_t most) {
  using Seconds = std::chrono::seconds;
  const auto second = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count());
  std::uint64_t passed = passed_.load(std::memory_order_relaxed);  // counts only
  std::uint64_t next = 0;
  do {
    // A thread whose clock was read a moment earlier belongs to the second that has begun.
    const bool is_new = (second & 0xffffffff) > (passed >> 32U);
    const std::uint64_t count = is_new ? 0 : passed & 0xffffffff;
    if (count >= most) return false;
    next = ((is_new ? second : passed >> 32U) << 32U) | (count + 1);
  } while (!passed_.compare_exchange_weak(passed, next, std::memory_order_relaxed));
  return true;
}

}  // namespace baton::trace
