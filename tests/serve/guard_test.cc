// The guard's prior, its cap and floor, and how it follows what is measured.
#include "server/serve/guard.h"

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

void ObserveMany(Guard& guard, int count, Duration delay) {
  for (int i = 0; i < count; ++i) guard.Observe(delay);
}

TEST(GuardTest, AFreshOneKeepsItsPriorOfFourMilliseconds) { EXPECT_EQ(Guard().For(1s), 4ms); }

TEST(GuardTest, ItIsNeverMoreThanATenthOfTheBudget) {
  EXPECT_EQ(Guard().For(40ms), 4ms);
  EXPECT_EQ(Guard().For(39ms), 3900us);
  EXPECT_EQ(Guard().For(1ms), 100us);
  EXPECT_EQ(Guard().For(0ms), 0ms);
}

TEST(GuardTest, ItIsNeverLessThanAMillisecondWhereTheBudgetAllows) {
  Guard guard;
  ObserveMany(guard, 20'000, 20us);
  EXPECT_LT(guard.p99(), 1ms);
  EXPECT_EQ(guard.For(1s), 1ms);
  EXPECT_EQ(guard.For(5ms), 500us);
}

TEST(GuardTest, AFewGoodSamplesDoNotOutweighThePrior) {
  Guard guard;
  ObserveMany(guard, 640, 20us);
  EXPECT_GE(guard.For(1s), 4ms);
}

TEST(GuardTest, ItIsAtLeastTheDelayOfNineInAHundredAndNotMuchMore) {
  for (const Duration delay : {Duration(2ms), Duration(7ms), Duration(60ms)}) {
    Guard guard;
    for (int i = 0; i < 10'000; ++i) guard.Observe(i % 50 == 0 ? delay : Duration(10us));
    EXPECT_GE(guard.For(10s), delay);
    EXPECT_LE(guard.For(10s), delay * 5 / 4 + 1us);
  }
}

TEST(GuardTest, WhatIsRarerThanOneInAHundredDoesNotMoveIt) {
  Guard guard;
  for (int i = 0; i < 20'000; ++i) guard.Observe(i % 300 == 0 ? Duration(60ms) : Duration(2ms));
  EXPECT_LT(guard.For(1s), 4ms);
}

TEST(GuardTest, ItFollowsAChangeForTheWorseAndBack) {
  Guard guard;
  ObserveMany(guard, 5'000, 10us);
  ObserveMany(guard, 128, 30ms);
  EXPECT_GE(guard.For(1s), 30ms);
  ObserveMany(guard, 5'000, 30ms);
  ObserveMany(guard, 20'000, 10us);
  EXPECT_EQ(guard.For(1s), 1ms);
}

TEST(GuardTest, DelaysOutsideTheScaleCountAtItsEnds) {
  Guard guard;
  ObserveMany(guard, 10'000, -5ms);
  EXPECT_EQ(guard.For(1s), 1ms);
  ObserveMany(guard, 10'000, 1h);
  EXPECT_GT(guard.For(1h), 1s);
}

}  // namespace
}  // namespace baton::serve
