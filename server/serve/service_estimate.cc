// The estimate's mean, histogram and calibration.
#include "server/serve/service_estimate.h"

#include <algorithm>
#include <cmath>

namespace baton::serve {
namespace {

constexpr double kRatio = 1.08;
constexpr double kSmallestNs = 1e3;
constexpr double kWarmWeight = 8;
constexpr double kSmallestGain = 1.0 / 32;
constexpr double kHalfLife = 256;
constexpr double kLargestWeight = 1e9;  // beyond it everything is scaled down
constexpr std::uint64_t kRefreshAlways = 64;
constexpr std::uint64_t kRefreshEvery = 16;
constexpr double kCancelledFactor = 1.5;

constexpr double kColdBudgetShare = 0.25;

constexpr double kPhiGain = 0.02;
constexpr double kPsiUp = 1.05;
constexpr double kPsiDown = 1 - 0.05 * 0.05 / 0.95;  // at rest when one in twenty is above

double Ns(Duration duration) { return static_cast<double>(duration.count()); }

std::size_t BucketOf(double ns, std::size_t buckets) {
  static const double per_log = 1 / std::log(kRatio);
  return std::min(buckets - 1, static_cast<std::size_t>(std::log(ns / kSmallestNs) * per_log));
}

}  // namespace

ServiceEstimate::ServiceEstimate(const Options& options) : options_(options) {}

void ServiceEstimate::Warm(std::span<const Duration> runs, bool is_steady) {
  if (runs.empty()) return;
  const double weight = kWarmWeight / static_cast<double>(runs.size());
  for (const Duration run : runs) Learn(std::max(Ns(run), kSmallestNs), weight);
  if (is_steady) steady_warm_runs_ += runs.size();
  RefreshQuantiles();
}

void ServiceEstimate::AddRun(Duration took) { AddSample(std::max(Ns(took), kSmallestNs)); }

void ServiceEstimate::AddCancelled(Duration elapsed) {
  AddSample(std::max(kCancelledFactor * Ns(elapsed), kSmallestNs));
}

void ServiceEstimate::AddSample(double ns) {
  const bool is_above = ns > psi_ * RawQuantile(kQ95);
  if (mean_weight_ > 0) Calibrate(ns, is_above);
  Fade();
  Learn(ns, 1);
  ++samples_;
  if (is_above || samples_ <= kRefreshAlways || samples_ % kRefreshEvery == 0) RefreshQuantiles();
}

void ServiceEstimate::Calibrate(double ns, bool is_above) {
  const double mean = phi_ * RawMean();
  const double error = std::clamp((ns - mean) / mean, -1.0, 2.0);
  phi_ = std::clamp(phi_ * std::exp(kPhiGain * error), 0.2, 8.0);
  psi_ = std::clamp(psi_ * (is_above ? kPsiUp : kPsiDown), 0.25, 8.0);
}

void ServiceEstimate::Learn(double ns, double weight) {
  mean_weight_ += weight;
  const double gain = std::max(weight / mean_weight_, weight * kSmallestGain);
  mean_ns_ += gain * (ns - mean_ns_);
  weights_[BucketOf(ns, kBuckets)] += weight * newest_weight_;
}

void ServiceEstimate::Fade() {
  static const double growth = std::exp2(1 / kHalfLife);
  newest_weight_ *= growth;
  if (newest_weight_ < kLargestWeight) return;
  for (double& weight : weights_) weight /= newest_weight_;
  newest_weight_ = 1;
}

void ServiceEstimate::RefreshQuantiles() {
  static constexpr std::array<double, kQuantiles> kShares = {0.50, 0.90, 0.95, 0.99};
  double total = 0;
  for (const double weight : weights_) total += weight;
  double below = 0;
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < kQuantiles; ++i) {
    const double wanted = kShares[i] * total;
    while (bucket + 1 < kBuckets && below + weights_[bucket] < wanted) below += weights_[bucket++];
    const double inside = std::clamp((wanted - below) / weights_[bucket], 0.0, 1.0);
    quantiles_ns_[i] = kSmallestNs * std::pow(kRatio, static_cast<double>(bucket) + inside);
  }
  if (samples_ + steady_warm_runs_ < kEnough) return;
  const double median = quantiles_ns_[kQ50];
  smallest_median_ns_ = smallest_median_ns_ > 0 ? std::min(smallest_median_ns_, median) : median;
}

ServicePrediction ServiceEstimate::Predict(Duration budget) const {
  const bool is_cold_now = is_cold();
  const double mean =
      phi_ * (is_cold_now ? std::max(RawMean(), kColdBudgetShare * Ns(budget)) : RawMean());
  const double q95 = psi_ * (is_cold_now ? 2 * mean / phi_ : RawQuantile(kQ95));
  const double largest = std::max(mean, kAllowanceBudgetShare * Ns(budget));
  return {.mean = ToDuration(mean),
          .median = q50(),
          .allowance = ToDuration(std::min(q95, largest)),
          .smallest_median = ToDuration(smallest_median_ns_),
          .may_queue = !is_cold_now};
}

}  // namespace baton::serve
