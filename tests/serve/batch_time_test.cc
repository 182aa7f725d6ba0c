// The line through batches' times, and the size that follows from it.
#include "server/serve/batch_time.h"

#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

BatchTime Learned(Duration fixed, Duration each) {
  BatchTime time;
  for (const int size : {1, 2, 4, 8, 16}) {
    time.Add(static_cast<std::size_t>(size), fixed + each * size);
  }
  return time;
}

void ExpectNear(Duration is, Duration wanted) {
  EXPECT_NEAR(ToMillis(is), ToMillis(wanted), 0.01 * ToMillis(wanted) + 1e-5);
}

TEST(BatchTimeTest, WithNothingKnownEverySizeTakesNoTime) {
  const BatchTime time;
  EXPECT_FALSE(time.is_known());
  EXPECT_EQ(time.At(1), 0ms);
  EXPECT_EQ(time.At(1024), 0ms);
}

TEST(BatchTimeTest, ALineIsFoundFromTwoSizes) {
  BatchTime time;
  time.Add(2, 8ms);
  time.Add(6, 12ms);
  EXPECT_TRUE(time.is_known());
  ExpectNear(time.At(1), 7ms);
  ExpectNear(time.At(100), 106ms);
}

TEST(BatchTimeTest, OfASingleSizeHalfIsTakenForTheFixedPart) {
  BatchTime time;
  for (int i = 0; i < 100; ++i) time.Add(4, 8ms);
  ExpectNear(time.At(4), 8ms);
  ExpectNear(time.At(8), 12ms);
  ExpectNear(time.At(1), 5ms);
}

TEST(BatchTimeTest, AnotherSizeOfLongAgoIsForgotten) {
  BatchTime time;
  time.Add(1, 1s);
  for (int i = 0; i < 3000; ++i) time.Add(4, i % 2 == 0 ? 7ms : 9ms);
  EXPECT_NEAR(ToMillis(time.At(8)), 12, 0.2);
}

TEST(BatchTimeTest, LargerBatchesAreNeverPredictedToBeQuicker) {
  BatchTime time;
  time.Add(1, 10ms);
  time.Add(10, 2ms);
  ExpectNear(time.At(1), 6ms);
  ExpectNear(time.At(1000), time.At(1));
}

TEST(BatchTimeTest, AFixedPartIsNeverNegative) {
  BatchTime time;
  time.Add(1, 1ms);
  time.Add(10, 100ms);
  EXPECT_GT(time.At(1), 0ms);
  ExpectNear(time.At(2), 2 * time.At(1));
}

TEST(BatchTimeTest, RecentSamplesDecide) {
  BatchTime time = Learned(10ms, 5ms);
  for (int i = 0; i < 100; ++i) {
    for (const int size : {1, 8}) time.Add(static_cast<std::size_t>(size), 2ms + 1ms * size);
  }
  EXPECT_NEAR(ToMillis(time.At(8)), 10, 1);
  EXPECT_NEAR(ToMillis(time.At(1)), 3, 1);
}

TEST(BatchTimeTest, NoiseAroundALineIsAveragedOut) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    BatchTime time;
    for (int i = 0; i < 1000; ++i) {
      const std::size_t size = 1 + random() % 16;
      const double factor = 0.8 + 0.4 * static_cast<double>(random()) / 4294967296.0;
      time.Add(size, Duration(static_cast<std::int64_t>(factor *
                                                        (4e6 + 1e6 * static_cast<double>(size)))));
    }
    EXPECT_NEAR(ToMillis(time.At(8)), 12, 1.2);
    EXPECT_NEAR(ToMillis(time.At(16)), 20, 2);
  }
}

TEST(BatchTimeTest, ResetForgetsEverything) {
  BatchTime time = Learned(4ms, 1ms);
  time.Reset();
  EXPECT_FALSE(time.is_known());
  EXPECT_EQ(time.At(4), 0ms);
}

// A batch of n takes 4 ms + n * 1 ms; two workers.
struct TargetCase {
  const char* name;
  double arrivals_per_second;
  double tail_ratio;
  Duration smallest_budget;
  std::size_t max_size;
  std::size_t target;
};

class TargetBatchSizeTest : public testing::TestWithParam<TargetCase> {};

TEST_P(TargetBatchSizeTest, IsTheSmallestThatCarriesTheLoadAndFitsTheBudget) {
  const TargetCase& want = GetParam();
  EXPECT_EQ(TargetBatchSize(Learned(4ms, 1ms), want.max_size, 2, want.arrivals_per_second,
                            want.tail_ratio, want.smallest_budget),
            want.target);
}

INSTANTIATE_TEST_SUITE_P(
    Table, TargetBatchSizeTest,
    testing::Values(TargetCase{"NothingArrives", 0, 1, 1s, 64, 1},
                    // One: 2 / 5 ms = 400 a second. Two: 4 / 6 ms = 667.
                    TargetCase{"OneIsEnough", 380, 1, 1s, 64, 1},
                    TargetCase{"OneIsEnoughButForTheHeadroom", 390, 1, 1s, 64, 2},
                    // 2 n / (4 + n) >= 1.05 needs n >= 4.42.
                    TargetCase{"AThousandASecond", 1000, 1, 1s, 64, 5},
                    TargetCase{"NoneIsEnough", 2000, 1, 1s, 64, 64},
                    TargetCase{"TheLargestIsNotEnough", 1000, 1, 1s, 3, 3},
                    // Two batches of 16 take 40 ms; 2.0 * 20 ms * 1.5 = 60 ms.
                    TargetCase{"TheBudgetHoldsTwoBatches", 2000, 1, 40'001us, 64, 16},
                    TargetCase{"TheTailCountsAgainstTheBudget", 2000, 1.5, 60'001us, 64, 16},
                    TargetCase{"TheBudgetHoldsNoBatch", 2000, 1, 1ms, 64, 1},
                    TargetCase{"OneAtMost", 2000, 1, 1s, 1, 1}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(TargetBatchSizeUnknownTest, WithNothingKnownItIsOne) {
  EXPECT_EQ(TargetBatchSize(BatchTime(), 64, 2, 1e6, 1, 50ms), 1u);
}

}  // namespace
}  // namespace baton::serve
