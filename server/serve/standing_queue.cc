// The windows of the standing-queue rule.
#include "server/serve/standing_queue.h"

#include <algorithm>

namespace baton::serve {
namespace {

constexpr Duration kSmallestWindow = 200ms;
constexpr double kStandsAbove = 0.05;

}  // namespace

void StandingQueue::Observe(Duration work_per_worker, Duration budget, Duration largest_budget,
                            SteadyTime now) {
  if (now >= window_ends_) {
    // Where nobody came for a whole window, no queue stood.
    const bool stood = now < window_ends_ + window_ && smallest_share_ > kStandsAbove;
    alpha_ = stood ? kStanding : kPassing;
    window_ = std::max(kSmallestWindow, 2 * largest_budget);
    window_ends_ = now + window_;
    smallest_share_ = 1;
  }
  if (budget <= Duration::zero()) return;
  smallest_share_ = std::min(smallest_share_, ToSeconds(work_per_worker) / ToSeconds(budget));
}

}  // namespace baton::serve
