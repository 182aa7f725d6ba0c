// The arithmetic of the logarithmic buckets.
#include "client/lib/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace baton::client {
namespace {

constexpr unsigned kBits = 8;
constexpr std::size_t kPerOctave = std::size_t{1} << kBits;
constexpr std::size_t kBuckets = (64 - kBits) * kPerOctave;

std::size_t BucketOf(std::uint64_t ns) {
  if (ns < kPerOctave) return ns;
  const auto shift = static_cast<unsigned>(std::bit_width(ns)) - kBits - 1;
  return (std::size_t{shift} << kBits) + (ns >> shift);
}

// The largest value that falls into `bucket`.
std::uint64_t EndOf(std::size_t bucket) {
  if (bucket < 2 * kPerOctave) return bucket;
  const std::size_t shift = (bucket >> kBits) - 1;
  const std::uint64_t mantissa = bucket - (shift << kBits);
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kBuckets) {}

void LatencyHistogram::Add(Duration value) {
  value = std::max(value, Duration::zero());
  ++buckets_[BucketOf(static_cast<std::uint64_t>(value.count()))];
  ++count_;
  sum_ns_ += static_cast<double>(value.count());
  max_ = std::max(max_, value);
}

Duration LatencyHistogram::Mean() const {
  if (count_ == 0) return Duration::zero();
  return Duration(std::llround(sum_ns_ / static_cast<double>(count_)));
}

Duration LatencyHistogram::Quantile(double ratio) const {
  if (count_ == 0) return Duration::zero();
  const auto rank = static_cast<std::uint64_t>(std::ceil(ratio * static_cast<double>(count_)));
  const std::uint64_t wanted = std::clamp<std::uint64_t>(rank, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(max_, Duration(static_cast<Duration::rep>(EndOf(bucket))));
  }
  return max_;
}

}  // namespace baton::client
