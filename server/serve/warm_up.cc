// The runs of a warm-up.
#include "server/serve/warm_up.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace baton::serve {
namespace {

constexpr std::size_t kFewest = 8;
constexpr std::size_t kMost = 64;
constexpr std::size_t kFewestOfSlow = 3;  // where time is up before kFewest
constexpr Duration kLongest = 5s;
constexpr int kSteadyRatio = 3;
constexpr Duration kSteadyAnyway = 200us;  // so little, the machine's noise is more

class EndlessContext final : public RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override { return false; }
  bool ShortenBudget(Duration) override { return true; }
};

// The last ones are much the same, and at least `fewest`.
bool IsSteady(const std::vector<Duration>& times, std::size_t fewest) {
  if (times.size() < fewest) return false;
  const auto count = static_cast<std::ptrdiff_t>(std::min(times.size(), kFewest));
  std::vector<Duration> last(times.end() - count, times.end());
  std::sort(last.begin(), last.end());
  return last.back() <= std::max(kSteadyAnyway, kSteadyRatio * last[last.size() / 2]);
}

// How long `run` took; nothing when it failed or threw.
template <typename Run>
std::optional<Duration> Time(const Clock& clock, Run run) {
  const SteadyTime began = clock.Now();
  try {
    if (!run()) return std::nullopt;
  } catch (...) {
    return std::nullopt;  // a handler's own: it has no steady times then
  }
  return clock.Now() - began;
}

}  // namespace

WarmUpTimes WarmUp(const Handler& handler, std::size_t batch_size, const Clock& clock) {
  WarmUpTimes times;
  const std::optional<Call> call = handler.WarmUpCall();
  if (!call) return times;
  EndlessContext context;
  const SteadyTime began = clock.Now();
  while (!IsSteady(times.single, kFewest) && times.single.size() < kMost &&
         clock.Now() - began < kLongest) {
    const auto took = Time(clock, [&] { return !handler.Handle(*call, context).error; });
    if (!took) return {};
    times.single.push_back(*took);
  }
  times.is_steady = IsSteady(times.single, kFewestOfSlow);
  if (times.single.size() > kFewest) {  // the first ones filled caches
    times.single.erase(times.single.begin(), times.single.end() - kFewest);
  }
  if (batch_size <= 1 || !handler.CanBatch(call->model_version)) return times;
  const SteadyTime batches_began = clock.Now();
  while (times.full.size() < kFewest && clock.Now() - batches_began < kLongest) {
    std::vector<BatchMember> members(batch_size, BatchMember{&*call, &context, {}});
    const auto took = Time(clock, [&] {
      handler.HandleBatch(members, {});
      return !members[0].outcome.error;
    });
    if (!took) return times;
    times.full.push_back(*took);
  }
  return times;
}

}  // namespace baton::serve
