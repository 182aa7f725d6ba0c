// Which finished requests are worth telling a collector of.
#pragma once

#include <atomic>
#include <cstdint>

#include "server/base/clock.h"
#include "server/base/trace_context.h"

namespace baton::trace {

// What an operator says of it.
struct Sampling {
  double share = 0.01;          // of requests that are no miss, 0 to 1
  bool follows_callers = true;  // those as well whose caller records the trace
  std::uint32_t misses = 100;   // a second at most
  std::uint32_t others = 1000;  // the same of all that are no miss
};

// By the last 56 bits of the trace id, which are random: whoever keeps at least that share of the
// traces keeps this one, as the consistent samplers of OpenTelemetry do.
bool IsInShare(const TraceId& trace, double share);
// The same for whom the share rarely changes: those bits of a trace in the share are at least this.
std::uint64_t FirstInShare(double share);
inline constexpr std::uint64_t kFirstOfNone = std::uint64_t{1} << 56U;  // of a share of 0
inline std::uint64_t RandomPart(const TraceId& trace) { return trace.low & (kFirstOfNone - 1); }

// The rates apart.
bool IsWanted(const Sampling& sampling, const TraceContext& trace, bool is_miss);

// Lets so many through in each second. Threads: any, without a lock.
class RateGate {
 public:
  bool TryPass(SteadyTime now, std::uint32_t most);

 private:
  std::atomic<std::uint64_t> passed_{0};  // the second in the upper half, how many in the lower one
};

}  // namespace baton::trace
