// The guard's histogram.
#include "server/serve/guard.h"

#include <algorithm>
#include <cmath>

namespace baton::serve {
namespace {

constexpr double kRatio = 1.25;
constexpr double kPriorWeight = 16;
constexpr std::uint64_t kHalfLife = 1024;
constexpr std::uint64_t kRefreshEvery = 64;
constexpr Duration kPrior = 4ms;
constexpr Duration kSmallest = 1ms;

}  // namespace

Guard::Guard() { weights_[BucketOf(kPrior)] = kPriorWeight; }

std::size_t Guard::BucketOf(Duration delay) {
  const double us = std::max(1.0, ToSeconds(delay) * 1e6);
  return std::min(kBuckets - 1, static_cast<std::size_t>(std::log(us) / std::log(kRatio)));
}

void Guard::Observe(Duration delay) {
  weights_[BucketOf(delay)] += 1;
  ++samples_;
  if (samples_ % kHalfLife == 0) {
    for (double& weight : weights_) weight *= 0.5;
  }
  if (samples_ % kRefreshEvery == 0) Refresh();
}

void Guard::Refresh() {
  double total = 0;
  for (const double weight : weights_) total += weight;
  double above = 0;
  std::size_t bucket = kBuckets;
  while (bucket > 0 && above + weights_[bucket - 1] <= 0.01 * total) above += weights_[--bucket];
  // The bucket's upper edge: rather a little early than late.
  p99_ = Duration(std::llround(std::pow(kRatio, static_cast<double>(bucket)) * 1e3));
}

Duration Guard::For(Duration budget) const {
  return std::min(std::max(p99_, kSmallest), budget / 10);
}

}  // namespace baton::serve
