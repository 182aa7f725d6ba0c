// The one absolute instant of a request, and the clock of the tests.
#include "server/base/deadline.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

constexpr SteadyTime kArrival{1000ms};

TEST(DeadlineTest, ItLiesOneBudgetAfterTheArrival) {
  const Deadline deadline(kArrival, 50ms);
  EXPECT_EQ(deadline.at(), kArrival + 50ms);
  EXPECT_EQ(deadline.arrival(), kArrival);
  EXPECT_EQ(deadline.budget(), 50ms);
}

TEST(DeadlineTest, ItIsPastFromItsVeryInstantOn) {
  const Deadline deadline(kArrival, 50ms);
  EXPECT_FALSE(deadline.IsPast(kArrival + 50ms - 1ns));
  EXPECT_TRUE(deadline.IsPast(kArrival + 50ms));
}

TEST(DeadlineTest, WhatIsLeftGoesBelowZeroAfterIt) {
  const Deadline deadline(kArrival, 50ms);
  EXPECT_EQ(deadline.Left(kArrival + 20ms), 30ms);
  EXPECT_EQ(deadline.Left(kArrival + 60ms), -10ms);
}

TEST(DeadlineTest, TheUsedRatioIsOneAtTheDeadline) {
  const Deadline deadline(kArrival, 50ms);
  EXPECT_DOUBLE_EQ(deadline.UsedRatio(kArrival), 0);
  EXPECT_DOUBLE_EQ(deadline.UsedRatio(kArrival + 25ms), 0.5);
  EXPECT_DOUBLE_EQ(deadline.UsedRatio(kArrival + 50ms), 1);
  EXPECT_DOUBLE_EQ(deadline.UsedRatio(kArrival + 100ms), 2);
}

TEST(DeadlineTest, AnEmptyBudgetHasNoUsedRatio) {
  EXPECT_EQ(Deadline(kArrival, 0ms).UsedRatio(kArrival + 1s), 0);
}

TEST(ManualClockTest, ItMovesOnlyWhenTold) {
  ManualClock clock;
  const SteadyTime before = clock.Now();
  EXPECT_EQ(clock.Now(), before);
  clock.Advance(3ms);
  EXPECT_EQ(clock.Now(), before + 3ms);
}

TEST(ManualClockTest, ASecondAgoExistsAtItsStart) {
  EXPECT_GE(ManualClock().Now() - 1s, SteadyTime());
}

}  // namespace
}  // namespace baton
