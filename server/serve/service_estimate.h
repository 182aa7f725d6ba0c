// How long an endpoint's runs take, learned from those that have ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "server/base/clock.h"

namespace baton::serve {

// kappa: an allowance is no more than this share of the budget, unless the mean is.
inline constexpr double kAllowanceBudgetShare = 0.6;

// What a decision needs to know of an endpoint's runs, for a request of one budget.
struct ServicePrediction {
  Duration mean = Duration::zero();             // phi * m: what it adds to the work ahead of others
  Duration median = Duration::zero();           // raw q50; 0 while unknown
  Duration allowance = Duration::zero();        // o: what is set aside for its own run
  Duration smallest_median = Duration::zero();  // the smallest q50 shown so far; 0 while unknown
  bool may_queue = true;  // false: too little is known to let anybody wait for it
};

// Mean, quantiles and their calibration on outcomes, as the contract of scheduling has them:
// mean m by exponential weights of gain max(1/n, 1/32); a logarithmic histogram of ratio 1.08 with
// 240 buckets from 1 us whose weights halve every 256 samples; phi (for means) and psi (for q95)
// multiplied after each run by how the prediction did, so that predictions that are wrong by a
// constant factor become right. Until 16 live samples have come, m is at least a quarter of the
// budget and q95 twice m, unless warm-up runs at load showed steady times.
//
// It follows a step quickly upwards (an allowance that is too large merely sheds early), and
// downwards in the mean; q95 needs some 500 samples to come down, while the cap on the allowance
// keeps that from refusing everybody.
//
// Threads: one at a time.
// Cost: AddRun some 50 ns, Predict a few ns; quantiles are refreshed every 16 samples (every one of
// the first 64, and every one above the predicted q95, at some 200 ns). No allocation.
class ServiceEstimate {
 public:
  struct Options {
    // Multiplies raw mean and quantiles before use, for tests of phi and psi; not smallest_median,
    // which is an observation that nothing corrects.
    double forced_error = 1;
  };
  ServiceEstimate() : ServiceEstimate(Options{}) {}
  explicit ServiceEstimate(const Options& options);

  // Runs at load, before any request; together they weigh as much as 8 samples. `is_steady`: their
  // times are to be trusted, so requests may queue at once. All times count as at least 1 us.
  void Warm(std::span<const Duration> runs, bool is_steady);

  void AddRun(Duration took);           // ended by itself
  void AddCancelled(Duration elapsed);  // stopped at its deadline: counts as 1.5 times what elapsed

  ServicePrediction Predict(Duration budget) const;

  // For metrics and the admin plane: calibrated mean and q95, raw others. Zero while unknown.
  Duration mean() const { return ToDuration(phi_ * RawMean()); }
  Duration q50() const { return ToDuration(RawQuantile(kQ50)); }
  Duration q90() const { return ToDuration(RawQuantile(kQ90)); }
  Duration q95() const { return ToDuration(psi_ * RawQuantile(kQ95)); }
  Duration q99() const { return ToDuration(RawQuantile(kQ99)); }
  double phi() const { return phi_; }
  double psi() const { return psi_; }
  std::uint64_t samples() const { return samples_; }  // live ones
  // Fewer than 16 of them, and no steady warm-up.
  bool is_cold() const { return samples_ < kEnough && steady_warm_runs_ == 0; }

  // Forgets everything, warm-up included, but the options.
  void Reset() { *this = ServiceEstimate(options_); }

 private:
  enum Quantile { kQ50, kQ90, kQ95, kQ99, kQuantiles };
  static constexpr std::size_t kBuckets = 240;
  static constexpr std::uint64_t kEnough = 16;  // samples that make a quantile worth believing

  static Duration ToDuration(double ns) { return Duration(static_cast<Duration::rep>(ns)); }
  double RawMean() const { return options_.forced_error * mean_ns_; }
  double RawQuantile(Quantile which) const { return options_.forced_error * quantiles_ns_[which]; }

  void AddSample(double ns);
  void Calibrate(double ns, bool is_above);
  void Learn(double ns, double weight);
  void Fade();
  void RefreshQuantiles();

  Options options_;
  double mean_ns_ = 0;
  double mean_weight_ = 0;  // n of its gain: samples so far, warm-up as 8
  std::array<double, kBuckets> weights_{};
  double newest_weight_ = 1;  // what the next sample weighs: growing it fades the older ones
  std::array<double, kQuantiles> quantiles_ns_{};
  double smallest_median_ns_ = 0;
  double phi_ = 1;
  double psi_ = 1;
  std::uint64_t samples_ = 0;
  std::uint64_t steady_warm_runs_ = 0;
};

}  // namespace baton::serve
