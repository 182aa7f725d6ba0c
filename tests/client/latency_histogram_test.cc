// Quantiles of the logarithmic histogram against exact ones.
#include "client/lib/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace baton::client {
namespace {

TEST(LatencyHistogramTest, IsAllZeroWhileEmpty) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.Quantile(0.99), 0ns);
  EXPECT_EQ(histogram.Mean(), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
}

TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Add(Duration(i));
  EXPECT_EQ(histogram.Quantile(0.5), 50ns);
  EXPECT_EQ(histogram.Quantile(0.99), 99ns);
  EXPECT_EQ(histogram.Quantile(0.991), 100ns);
  EXPECT_EQ(histogram.Quantile(0.001), 1ns);
  EXPECT_EQ(histogram.Quantile(1.0), 100ns);
}

TEST(LatencyHistogramTest, QuantilesAreNeverLowAndAtMost4PerMilleHigh) {
  std::mt19937_64 random(3);
  std::vector<Duration::rep> exact;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    // Spread over nine powers of ten.
    const double exponent = static_cast<double>(random() % 9'000) / 1000.0;
    exact.push_back(static_cast<Duration::rep>(std::pow(10.0, exponent)));
    histogram.Add(Duration(exact.back()));
  }
  std::sort(exact.begin(), exact.end());
  for (const double ratio : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(ratio * 20'000.0)) - 1;
    const auto wanted = static_cast<double>(exact[rank]);
    const auto got = static_cast<double>(histogram.Quantile(ratio).count());
    EXPECT_GE(got, wanted) << ratio;
    EXPECT_LE(got, wanted * 1.004) << ratio;
  }
  EXPECT_EQ(histogram.max().count(), exact.back());
}

TEST(LatencyHistogramTest, TakesTheLongestDurationAndCountsNegativeOnesAsZero) {
  LatencyHistogram histogram;
  histogram.Add(Duration::max());
  histogram.Add(-5ns);
  EXPECT_EQ(histogram.Quantile(1.0), Duration::max());
  EXPECT_EQ(histogram.Quantile(0.5), 0ns);
}

TEST(LatencyHistogramTest, MeanIsExact) {
  LatencyHistogram histogram;
  histogram.Add(1ms);
  histogram.Add(2ms);
  histogram.Add(6ms);
  EXPECT_EQ(histogram.Mean(), 3ms);
}

}  // namespace
}  // namespace baton::client
