// How quickly the rate of arrivals is known, and forgotten.
#include "server/serve/arrival_rate.h"

#include <cmath>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

class ArrivalRateTest : public testing::Test {
 protected:
  void Come(double per_second, Duration time) {
    const Duration gap(std::llround(1e9 / per_second));
    for (const SteadyTime end = now_ + time; now_ < end; now_ += gap) rate_.Note(now_);
  }

  SteadyTime now_{10s};
  ArrivalRate rate_;
};

TEST_F(ArrivalRateTest, OfNobodyIsZero) { EXPECT_EQ(rate_.PerSecond(now_), 0); }

TEST_F(ArrivalRateTest, IsThatOfASteadyStream) {
  Come(400, 2s);
  EXPECT_NEAR(rate_.PerSecond(now_), 400, 8);
}

TEST_F(ArrivalRateTest, FollowsAStepInAboutAQuarterOfASecond) {
  Come(100, 2s);
  Come(1000, 250ms);
  EXPECT_NEAR(rate_.PerSecond(now_), 1000 - 900 / std::exp(1), 20);
}

TEST_F(ArrivalRateTest, FallsWhileNobodyComes) {
  Come(400, 2s);
  EXPECT_NEAR(rate_.PerSecond(now_ + 250ms), 400 / std::exp(1), 5);
  EXPECT_LT(rate_.PerSecond(now_ + 5s), 0.01);
}

TEST_F(ArrivalRateTest, CountsThoseWhoComeAtOnce) {
  for (int i = 0; i < 10; ++i) rate_.Note(now_);
  EXPECT_DOUBLE_EQ(rate_.PerSecond(now_), 40);
}

}  // namespace
}  // namespace baton::serve
