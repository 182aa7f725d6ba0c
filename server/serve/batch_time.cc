// The line through the times of batches, and the size that it makes worth while.
#include "server/serve/batch_time.h"

#include <algorithm>
#include <cmath>

#include "server/base/check.h"

namespace baton::serve {
namespace {

constexpr double kKeep = 1 - 1.0 / 64;
constexpr double kOneSize = 1e-9;  // share of the spread of sizes below which it is no spread
constexpr double kHeadroom = 1.05;

// The smallest size from 1 to `max_size` for which `is_enough` holds, which must hold for all
// larger ones too; beyond `max_size` where there is none.
template <typename Predicate>
std::size_t SmallestSize(std::size_t max_size, Predicate is_enough) {
  std::size_t first = 1;
  std::size_t end = max_size + 1;
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    if (is_enough(middle)) {
      end = middle;
    } else {
      first = middle + 1;
    }
  }
  return first;
}

}  // namespace

void BatchTime::Add(std::size_t size, Duration took) {
  BATON_DCHECK(size >= 1);
  const double x = static_cast<double>(size);
  const double y = std::max(0.0, static_cast<double>(took.count()));
  weight_ = kKeep * weight_ + 1;
  sum_x_ = kKeep * sum_x_ + x;
  sum_y_ = kKeep * sum_y_ + y;
  sum_xx_ = kKeep * sum_xx_ + x * x;
  sum_xy_ = kKeep * sum_xy_ + x * y;
  Fit();
}

void BatchTime::Fit() {
  const double mean_x = sum_x_ / weight_;
  const double mean_y = sum_y_ / weight_;
  const double spread = weight_ * sum_xx_ - sum_x_ * sum_x_;
  if (spread <= kOneSize * weight_ * sum_xx_) {
    each_ns_ = mean_y / 2 / mean_x;
  } else {
    each_ns_ = std::max(0.0, (weight_ * sum_xy_ - sum_x_ * sum_y_) / spread);
  }
  fixed_ns_ = mean_y - each_ns_ * mean_x;
  if (fixed_ns_ >= 0) return;
  fixed_ns_ = 0;
  each_ns_ = sum_xy_ / sum_xx_;
}

Duration BatchTime::At(std::size_t size) const {
  return Duration(std::llround(fixed_ns_ + each_ns_ * static_cast<double>(size)));
}

std::size_t TargetBatchSize(const BatchTime& time, std::size_t max_size, std::size_t workers,
                            double arrivals_per_second, double tail_ratio,
                            Duration smallest_budget) {
  const double wanted = kHeadroom * arrivals_per_second;
  const std::size_t target = SmallestSize(max_size, [&](std::size_t size) {
    return static_cast<double>(workers * size) >= wanted * ToSeconds(time.At(size));
  });
  const std::size_t too_long = SmallestSize(max_size, [&](std::size_t size) {
    return 2 * tail_ratio * ToSeconds(time.At(size)) > ToSeconds(smallest_budget);
  });
  return std::max<std::size_t>(1, std::min({target, max_size, too_long - 1}));
}

}  // namespace baton::serve
