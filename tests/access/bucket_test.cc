#include "server/access/bucket.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::access {
namespace {

constexpr Rate kTenASecond{10, 1s, 3};  // one each 100 ms, three at once

class BucketTest : public ::testing::Test {
 protected:
  RateDecision Take(const Rate& rate = kTenASecond) { return bucket_.Take(rate, clock_.Now()); }

  ManualClock clock_;
  Bucket bucket_;
};

TEST_F(BucketTest, BurstIsAllowedAtOnceAndNoMore) {
  EXPECT_EQ(Take().left, 2U);
  EXPECT_EQ(Take().left, 1U);
  const RateDecision last = Take();
  EXPECT_TRUE(last.is_allowed);
  EXPECT_EQ(last.left, 0U);
  EXPECT_EQ(last.until_full, 300ms);
  const RateDecision refused = Take();
  EXPECT_FALSE(refused.is_allowed);
  EXPECT_EQ(refused.left, 0U);
  EXPECT_EQ(refused.wait, 100ms);
}

TEST_F(BucketTest, OneMoreIsAllowedAfterItsInterval) {
  for (int i = 0; i < 3; ++i) Take();
  clock_.Advance(100ms - 1ns);
  EXPECT_EQ(Take().wait, 1ns);
  clock_.Advance(1ns);
  EXPECT_TRUE(Take().is_allowed);
  EXPECT_FALSE(Take().is_allowed);
}

TEST_F(BucketTest, RefusedRequestsTakeNothing) {
  for (int i = 0; i < 1000; ++i) Take();
  clock_.Advance(100ms);
  EXPECT_TRUE(Take().is_allowed);
}

TEST_F(BucketTest, RestGivesBackTheBurstAndNoMore) {
  for (int i = 0; i < 3; ++i) Take();
  clock_.Advance(1h);
  int allowed = 0;
  for (int i = 0; i < 10; ++i) allowed += Take().is_allowed ? 1 : 0;
  EXPECT_EQ(allowed, 3);
}

TEST_F(BucketTest, LongRunKeepsTheRateHoweverOftenItIsAsked) {
  for (const Rate rate : {Rate{10, 1s, 1}, Rate{10, 1s, 50}, Rate{7, 1min, 7}, Rate{999, 1h, 2}}) {
    bucket_.Fill();
    int allowed = 0;
    for (int step = 0; step < 100'000; ++step) {  // asked 97 times in ten windows, and far more
      clock_.Advance(rate.window / 10'000);
      allowed += Take(rate).is_allowed ? 1 : 0;
    }
    const int expected = static_cast<int>(10 * rate.requests);
    EXPECT_GE(allowed, expected);
    EXPECT_LE(allowed, expected + static_cast<int>(rate.burst) + 1);
  }
}

// Conductors have turns of their own: their times differ.
TEST_F(BucketTest, TimeThatIsBehindAllowsNoMore) {
  const SteadyTime now = clock_.Now();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket_.Take(kTenASecond, now + 50ms).is_allowed);
  EXPECT_EQ(bucket_.Take(kTenASecond, now).wait, 150ms);
}

TEST_F(BucketTest, ExtremesDoNotOverflow) {
  const Rate slowest{1, 1h, kMostRequests};
  EXPECT_EQ(Take(slowest).left, kMostRequests - 1);
  EXPECT_EQ(Decide(slowest, clock_.Now() + slowest.interval() * kMostRequests, clock_.Now()).wait,
            1h);
  bucket_.Fill();
  const Rate fastest{kMostRequests, 1s, 1};
  EXPECT_TRUE(Take(fastest).is_allowed);
  EXPECT_EQ(Take(fastest).wait, 1us);
}

TEST_F(BucketTest, ThreadsTogetherGetTheBurst) {
  const Rate rate{1, 1h, 1000};
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) allowed += Take(rate).is_allowed ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1000);
}

}  // namespace
}  // namespace baton::access
