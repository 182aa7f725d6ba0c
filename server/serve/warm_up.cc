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
  explicit EndlessContext(const std::stop_token& stop) : stop_(stop) {}
  Deadline deadline() const override { return {}; }
  bool expired() const override { return stop_.stop_requested(); }
  std::stop_token stop_token() const override { return stop_; }
  bool ShortenBudget(Duration) override { return true; }

 private:
  const std::stop_token stop_;
};

// The last ones are much the same, and at least `fewest`.
bool IsSteady(const std::vector<Duration>& times, std::size_t fewest) {
  if (times.size() < fewest) return false;
  const auto count = static_cast<std::ptrdiff_t>(std::min(times.size(), kFewest));
  std::vector<Duration> last(times.end() - count, times.end());
  std::sort(last.begin(), last.end());
  return last.back() <= std::max(kSteadyAnyway, kSteadyRatio * last[last.size() / 2]);
}

// How long `run` took, or what it returned; it returns what failed.
template <typename Run>
Result<Duration> Time(const Clock& clock, Run run) {
  const SteadyTime began = clock.Now();
  try {
    if (std::optional<Error> failed = run()) return tl::unexpected(std::move(*failed));
  } catch (...) {  // a handler's own: it has no steady times then
    return Fail(ErrorCode::kInternal, "the handler failed");
  }
  return clock.Now() - began;
}

}  // namespace

WarmUpTimes WarmUp(const Handler& handler, std::size_t batch_size, const Clock& clock,
                   const std::stop_token& stop) {
  WarmUpTimes times;
  std::optional<Call> call = handler.WarmUpCall(0);
  if (!call) return times;
  EndlessContext context(stop);
  const SteadyTime began = clock.Now();
  while (!IsSteady(times.single, kFewest) && times.single.size() < kMost &&
         clock.Now() - began < kLongest && !stop.stop_requested()) {
    call = handler.WarmUpCall(times.single.size());
    const auto took = Time(clock, [&] { return handler.Handle(*call, context).error; });
    if (!took) {
      times = {};
      times.failure = took.error();
      return times;
    }
    times.single.push_back(*took);
  }
  times.is_steady = IsSteady(times.single, kFewestOfSlow);
  if (times.single.size() > kFewest) {  // the first ones filled caches
    times.single.erase(times.single.begin(), times.single.end() - kFewest);
  }
  if (batch_size <= 1 || !handler.CanBatch()) return times;
  const SteadyTime batches_began = clock.Now();
  while (times.full.size() < kFewest && clock.Now() - batches_began < kLongest &&
         !stop.stop_requested()) {
    std::vector<BatchMember> members(batch_size, BatchMember{&*call, &context, {}});
    const auto took = Time(clock, [&] {
      handler.HandleBatch(members, stop);
      return members[0].outcome.error;
    });
    if (!took) return times;
    times.full.push_back(*took);
  }
  return times;
}

}  // namespace baton::serve
