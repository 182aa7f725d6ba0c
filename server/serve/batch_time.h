// How long a batch of n requests runs, learned: S(n) = a + b n.
#pragma once

#include <cstddef>

#include "server/base/clock.h"

namespace baton::serve {

// Least squares with exponential weights (each sample weighs 1 - 1/64 of the next one). Both a and
// b are kept at or above zero, so S never falls with n. While only one size was seen, half of its
// time is taken for a and half for b n, so that a larger batch is worth a try; also when other
// sizes are so long ago (some 1300 samples) that they say nothing any more.
//
// Threads: one at a time. Cost: a dozen additions a sample; no allocation.
class BatchTime {
 public:
  void Add(std::size_t size, Duration took);  // size at least 1
  // Zero while nothing is known.
  Duration At(std::size_t size) const;
  bool is_known() const { return weight_ > 0; }
  void Reset() { *this = BatchTime(); }

 private:
  void Fit();

  // Weighted sums over the samples; x is a size, y a time in nanoseconds.
  double weight_ = 0;
  double sum_x_ = 0;
  double sum_y_ = 0;
  double sum_xx_ = 0;
  double sum_xy_ = 0;
  double fixed_ns_ = 0;  // a
  double each_ns_ = 0;   // b
};

// The smallest n, at most `max_size`, with workers * n / S(n) >= 1.05 * arrivals_per_second; the
// largest throughput's when none is enough; lowered while 2 * S(n) * tail_ratio > smallest_budget,
// never below 1. `tail_ratio` is q95 over mean of runs, calibrated. While nothing is known: 1.
//
// Cost: some 20 evaluations of S.
std::size_t TargetBatchSize(const BatchTime& time, std::size_t max_size, std::size_t workers,
                            double arrivals_per_second, double tail_ratio,
                            Duration smallest_budget);

}  // namespace baton::serve
