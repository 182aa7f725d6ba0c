// The generic cell rate algorithm: a token bucket that is one instant.
#include "server/access/bucket.h"

#include <algorithm>

namespace baton::access {

RateDecision Decide(const Rate& rate, SteadyTime full_at, SteadyTime now) {
  const Duration interval = rate.interval();
  const Duration whole = interval * rate.burst;
  const Duration missing = std::max(full_at - now, Duration::zero());
  RateDecision decision;
  decision.is_allowed = missing + interval <= whole;
  decision.until_full = decision.is_allowed ? missing + interval : missing;
  decision.full_at = now + decision.until_full;
  if (!decision.is_allowed) {
    decision.wait = missing + interval - whole;
    return decision;
  }
  decision.left = static_cast<std::uint32_t>((whole - decision.until_full) / interval);
  return decision;
}

RateDecision Bucket::Take(const Rate& rate, SteadyTime now) {
  // Nothing but the word itself is told by it.
  Duration::rep seen = full_at_ns_.load(std::memory_order_relaxed);
  while (true) {
    const RateDecision decision = Decide(rate, SteadyTime(Duration(seen)), now);
    if (!decision.is_allowed) return decision;
    const Duration::rep next = decision.full_at.time_since_epoch().count();
    if (full_at_ns_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return decision;
  }
}

}  // namespace baton::access
