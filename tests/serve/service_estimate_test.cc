// The estimate's quantiles, its cold start, what it predicts and how it follows.
#include "server/serve/service_estimate.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

void AddMany(ServiceEstimate& estimate, int count, Duration took) {
  for (int i = 0; i < count; ++i) estimate.AddRun(took);
}

ServiceEstimate Warmed(std::vector<Duration> runs, bool is_steady) {
  ServiceEstimate estimate;
  estimate.Warm(runs, is_steady);
  return estimate;
}

Duration Scaled(double factor, Duration duration) {
  return std::chrono::duration_cast<Duration>(factor * duration);
}

void ExpectNear(Duration is, Duration wanted, double share) {
  EXPECT_NEAR(ToMillis(is), ToMillis(wanted), share * ToMillis(wanted));
}

TEST(ServiceEstimateTest, WithNothingKnownAQuarterOfTheBudgetIsAssumedAndNobodyQueues) {
  const ServiceEstimate estimate;
  const ServicePrediction prediction = estimate.Predict(100ms);
  EXPECT_EQ(prediction.mean, 25ms);
  EXPECT_EQ(prediction.median, 0ms);
  EXPECT_EQ(prediction.allowance, 50ms);
  EXPECT_EQ(prediction.smallest_median, 0ms);
  EXPECT_FALSE(prediction.may_queue);
  EXPECT_EQ(estimate.mean(), 0ms);
  EXPECT_EQ(estimate.q99(), 0ms);
}

TEST(ServiceEstimateTest, ColdItTakesTheWarmMeanWhereThatIsMoreThanAQuarterOfTheBudget) {
  const ServiceEstimate estimate = Warmed({30ms, 50ms}, false);
  EXPECT_EQ(estimate.mean(), 40ms);
  EXPECT_EQ(estimate.Predict(100ms).mean, 40ms);
  EXPECT_EQ(estimate.Predict(100ms).allowance, 60ms);
  EXPECT_EQ(estimate.Predict(1s).mean, 250ms);
  EXPECT_FALSE(estimate.Predict(1s).may_queue);
}

TEST(ServiceEstimateTest, ItIsColdUntilTheSixteenthLiveRun) {
  ServiceEstimate estimate = Warmed({5ms, 5ms}, false);
  AddMany(estimate, 15, 5ms);
  EXPECT_TRUE(estimate.is_cold());
  EXPECT_EQ(estimate.Predict(1s).smallest_median, 0ms);
  AddMany(estimate, 1, 5ms);
  EXPECT_FALSE(estimate.is_cold());
  EXPECT_EQ(estimate.samples(), 16u);
  EXPECT_TRUE(estimate.Predict(1s).may_queue);
  ExpectNear(estimate.Predict(1s).mean, 5ms, 0.01);
  ExpectNear(estimate.Predict(1s).smallest_median, 5ms, 0.08);
}

TEST(ServiceEstimateTest, ASteadyWarmUpLetsRequestsQueueAtOnce) {
  const ServiceEstimate estimate = Warmed(std::vector<Duration>(16, 5ms), true);
  EXPECT_FALSE(estimate.is_cold());
  EXPECT_EQ(estimate.Predict(100ms).mean, 5ms);
  EXPECT_TRUE(estimate.Predict(100ms).may_queue);
  ExpectNear(estimate.Predict(100ms).allowance, 5ms, 0.08);
  ExpectNear(estimate.Predict(100ms).smallest_median, 5ms, 0.08);
}

TEST(ServiceEstimateTest, FewSteadyWarmUpRunsDoNotSetTheSmallestMedian) {
  ServiceEstimate estimate = Warmed(std::vector<Duration>(8, 5ms), true);
  EXPECT_EQ(estimate.Predict(100ms).smallest_median, 0ms);
  AddMany(estimate, 8, 5ms);
  ExpectNear(estimate.Predict(100ms).smallest_median, 5ms, 0.08);
}

TEST(ServiceEstimateTest, WarmUpWeighsAsMuchAsEightSamples) {
  ServiceEstimate estimate = Warmed(std::vector<Duration>(100, 10ms), true);
  AddMany(estimate, 1, 19ms);
  ExpectNear(Scaled(1 / estimate.phi(), estimate.mean()), 11ms, 1e-6);
  ExpectNear(estimate.q50(), 10ms, 0.08);
  AddMany(estimate, 8, 19ms);
  ExpectNear(estimate.q50(), 19ms, 0.08);
}

TEST(ServiceEstimateTest, TheSmallestMedianIsRememberedWhenServiceBecomesSlower) {
  ServiceEstimate estimate;
  AddMany(estimate, 200, 2ms);
  AddMany(estimate, 2000, 40ms);
  ExpectNear(estimate.Predict(1s).median, 40ms, 0.08);
  ExpectNear(estimate.Predict(1s).smallest_median, 2ms, 0.08);
}

TEST(ServiceEstimateTest, TheAllowanceIsCappedAtTheMeanOrThreeFifthsOfTheBudget) {
  ServiceEstimate estimate;
  for (int i = 0; i < 600; ++i) estimate.AddRun(i % 10 == 0 ? Duration(50ms) : Duration(5ms));
  EXPECT_GT(estimate.q95(), 40ms);
  EXPECT_EQ(estimate.Predict(20ms).allowance, 12ms);
  EXPECT_EQ(estimate.Predict(1s).allowance, estimate.q95());
  EXPECT_EQ(estimate.Predict(1ms).allowance, estimate.mean());
}

TEST(ServiceEstimateTest, ACancelledRunCountsAsHalfAsLongAgain) {
  ServiceEstimate estimate;
  for (int i = 0; i < 16; ++i) estimate.AddCancelled(20ms);
  EXPECT_EQ(estimate.mean(), 30ms);
  EXPECT_EQ(estimate.samples(), 16u);
}

TEST(ServiceEstimateTest, TimesOutsideTheScaleCountAtItsEnds) {
  ServiceEstimate estimate;
  AddMany(estimate, 20, -5ms);
  EXPECT_EQ(estimate.mean(), 1us);
  EXPECT_LT(estimate.q99(), 2us);
  estimate.Reset();
  AddMany(estimate, 20, 1h);
  EXPECT_EQ(estimate.mean(), 1h);
  EXPECT_GT(estimate.q50(), 90s);
}

TEST(ServiceEstimateTest, ResetForgetsEverythingButTheOptions) {
  ServiceEstimate estimate({.forced_error = 2});
  const std::vector<Duration> warm(16, 5ms);
  estimate.Warm(warm, true);
  AddMany(estimate, 100, 5ms);
  estimate.Reset();
  EXPECT_TRUE(estimate.is_cold());
  EXPECT_EQ(estimate.mean(), 0ms);
  EXPECT_EQ(estimate.q95(), 0ms);
  EXPECT_EQ(estimate.phi(), 1);
  EXPECT_EQ(estimate.psi(), 1);
  estimate.Warm(warm, true);
  EXPECT_EQ(estimate.mean(), 10ms);
}

// Service times of one distribution, the same on every machine for one seed.
class RandomServiceTimes {
 public:
  explicit RandomServiceTimes(std::uint32_t seed) : random_(seed) {}

  // Lognormal around `median`.
  Duration Next(Duration median, double sigma) {
    double normal = -6;  // the sum of twelve uniform ones
    for (int i = 0; i < 12; ++i) normal += static_cast<double>(random_()) / 4294967296.0;
    return Scaled(std::exp(sigma * normal), median);
  }

 private:
  std::mt19937 random_;
};

double ShareAbove(const ServiceEstimate& estimate, RandomServiceTimes& times, double sigma) {
  int above = 0;
  for (int i = 0; i < 4000; ++i) above += times.Next(5ms, sigma) > estimate.q95() ? 1 : 0;
  return above / 4000.0;
}

TEST(ServiceEstimateTest, TheRawQ95IsWithinATenthAfter512Samples) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomServiceTimes times(seed);
    ServiceEstimate estimate;
    for (int i = 0; i < 512; ++i) estimate.AddRun(times.Next(5ms, 0.25));
    ExpectNear(Scaled(1 / estimate.psi(), estimate.q95()), Scaled(std::exp(0.25 * 1.645), 5ms),
               0.1);
    ExpectNear(estimate.q50(), 5ms, 0.05);
    ExpectNear(estimate.mean(), Scaled(std::exp(0.25 * 0.25 / 2), 5ms), 0.2);
  }
}

TEST(ServiceEstimateTest, AStepOfFourUpOrDownIsFollowedByTheMeanWithin64Samples) {
  for (const Duration after : {Duration(20ms), Duration(1250us)}) {
    for (const int before : {600, 777, 1000}) {
      ServiceEstimate estimate;
      AddMany(estimate, before, 5ms);
      AddMany(estimate, 64, after);
      ExpectNear(estimate.mean(), after, 0.25);
    }
  }
}

TEST(ServiceEstimateTest, AStepOfFourUpIsCoveredByTheQ95Within64SamplesAndNotMuchOverdone) {
  for (const int before : {100, 600, 777, 1000, 5000}) {
    SCOPED_TRACE("after " + std::to_string(before));
    ServiceEstimate estimate;
    AddMany(estimate, before, 5ms);
    AddMany(estimate, 64, 20ms);
    EXPECT_GE(estimate.q95(), 19ms);
    EXPECT_LE(estimate.q95(), 60ms);
  }
}

TEST(ServiceEstimateTest, AStepOfFourDownIsFollowedByTheQ95Within512Samples) {
  ServiceEstimate estimate;
  AddMany(estimate, 1000, 20ms);
  AddMany(estimate, 512, 5ms);
  ExpectNear(estimate.q95(), 5ms, 0.1);
}

TEST(ServiceEstimateTest, PredictionsThatAreWrongByAFactorBecomeRight) {
  for (const double error : {0.25, 4.0}) {
    SCOPED_TRACE("forced error " + std::to_string(error));
    RandomServiceTimes times(7);
    ServiceEstimate estimate({.forced_error = error});
    for (int i = 0; i < 1500; ++i) estimate.AddRun(times.Next(5ms, 0.25));
    ExpectNear(estimate.mean(), 5ms, 0.2);
    EXPECT_NEAR(ShareAbove(estimate, times, 0.25), 0.05, 0.045);
    ExpectNear(estimate.q50(), Scaled(error, 5ms), 0.05);
    ExpectNear(estimate.Predict(1s).smallest_median, 5ms, 0.15);
  }
}

TEST(ServiceEstimateTest, AHundredThousandSamplesLaterItStillFollows) {
  ServiceEstimate estimate;
  AddMany(estimate, 100'000, 5ms);
  AddMany(estimate, 2'000, 20ms);
  ExpectNear(estimate.q50(), 20ms, 0.08);
  ExpectNear(estimate.q95(), 20ms, 0.1);
}

}  // namespace
}  // namespace baton::serve
