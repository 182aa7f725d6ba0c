// What is learned from which runs, what batches are predicted to take, and shares of the pool.
#include "server/serve/endpoint_book.h"

#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kNow{10s};

EndpointPolicy Batches(std::size_t max_size) {
  EndpointPolicy policy;
  policy.batch.max_size = max_size;
  return policy;
}

class EndpointBookTest : public testing::Test {
 protected:
  void Learn(int count, Duration took, RunSample::End end = RunSample::End::kWhole,
             std::size_t size = 1) {
    for (int i = 0; i < count; ++i) book_.Learn({0, took, size, end});
  }
  // A batch of n takes 4 + n ms.
  void LearnBatches() {
    book_.SetPolicy(Batches(8));
    for (int i = 0; i < 50; ++i) {
      for (const std::size_t size : {1u, 4u, 8u}) {
        Learn(1, 4ms + static_cast<int>(size) * 1ms, RunSample::End::kWhole, size);
      }
    }
  }
  // So many a second, for a second.
  SteadyTime Come(int per_second, Duration budget = 100ms) {
    for (int i = 0; i < per_second; ++i) {
      book_.NoteArrival(budget, now_ + i * Duration(1s) / per_second);
    }
    return now_ += 1s;
  }

  SteadyTime now_ = kNow;
  EndpointBook book_{ServiceEstimate::Options{}};
};

void ExpectNear(Duration is, Duration wanted) {
  EXPECT_NEAR(ToMillis(is), ToMillis(wanted), 0.05 * ToMillis(wanted));
}

TEST_F(EndpointBookTest, LearnsFromWholeRuns) {
  Learn(50, 10ms);
  ExpectNear(book_.estimate().mean(), 10ms);
  EXPECT_EQ(book_.estimate().samples(), 50u);
}

TEST_F(EndpointBookTest, ARunThatWasStoppedWouldHaveTakenHalfAsLongAgain) {
  Learn(1, 10ms, RunSample::End::kCancelled);
  ExpectNear(book_.estimate().mean(), 15ms);
}

TEST_F(EndpointBookTest, ClientsThatLeaveEarlyDoNotMakeRunsLookShorter) {
  Learn(50, 10ms);
  Learn(500, 300us, RunSample::End::kCancelled);
  ExpectNear(book_.estimate().mean(), 10ms);
  Learn(50, 10ms, RunSample::End::kCancelled);
  EXPECT_GT(book_.estimate().mean(), 13ms);
}

TEST_F(EndpointBookTest, NobodyLearnsFromRequestsThatWereAtFault) {
  Learn(50, 10ms);
  Learn(500, 20us, RunSample::End::kRejected);
  Learn(500, 80ms, RunSample::End::kRejected);
  ExpectNear(book_.estimate().mean(), 10ms);
}

TEST_F(EndpointBookTest, AnEndpointOfWhichNothingIsKnownDoesNotLearnFromFailures) {
  Learn(500, 20us, RunSample::End::kFailed);
  EXPECT_EQ(book_.estimate().samples(), 0u);
  EXPECT_FALSE(book_.Predict(50ms, 1, now_).may_queue);
}

TEST_F(EndpointBookTest, AnEarlyFailureSaysNothingAndALateOneDoes) {
  Learn(50, 10ms);
  Learn(50, 1us, RunSample::End::kFailed);
  EXPECT_EQ(book_.estimate().samples(), 50u);
  Learn(1, 20ms, RunSample::End::kFailed);
  EXPECT_EQ(book_.estimate().samples(), 51u);
}

TEST_F(EndpointBookTest, AWarmUpLetsItPredictAtOnce) {
  const std::vector<Duration> runs(8, 10ms);
  book_.Warm(runs, {}, true);
  const ServicePrediction prediction = book_.Predict(100ms, 2, kNow);
  EXPECT_TRUE(prediction.may_queue);
  ExpectNear(prediction.mean, 10ms);
}

TEST_F(EndpointBookTest, ResetForgetsWhatWasLearnedAndThatItProbed) {
  LearnBatches();
  book_.NoteProbe(kNow);
  book_.Reset();
  EXPECT_EQ(book_.estimate().mean(), 0ms);
  EXPECT_EQ(book_.BatchMean(8), 0ms);
  EXPECT_TRUE(book_.MayProbe(kNow));
  EXPECT_TRUE(book_.is_batched());  // that was told, not learned
}

TEST_F(EndpointBookTest, ProbesAreASecondApart) {
  EXPECT_TRUE(book_.MayProbe(kNow));
  book_.NoteProbe(kNow);
  EXPECT_FALSE(book_.MayProbe(kNow));
  EXPECT_FALSE(book_.MayProbe(kNow + 1s - 1ns));
  EXPECT_TRUE(book_.MayProbe(kNow + 1s));
}

TEST_F(EndpointBookTest, AnEndpointThatDoesNotBatchAimsAtOne) {
  Learn(50, 10ms);
  const SteadyTime now = Come(10'000);
  EXPECT_FALSE(book_.is_batched());
  EXPECT_EQ(book_.TargetBatch(1, now), 1u);
  EXPECT_EQ(book_.SharedWork(1, now), 0ms);
}

TEST_F(EndpointBookTest, RunsOfBatchesAreLearnedFromAsIfOfOne) {
  LearnBatches();
  ExpectNear(book_.estimate().mean(), 5ms);
  ExpectNear(book_.BatchMean(1), 5ms);
  ExpectNear(book_.BatchMean(4), 8ms);
  ExpectNear(book_.BatchMean(8), 12ms);
}

TEST_F(EndpointBookTest, ABatchThatWasStoppedDoesNotBendTheLine) {
  LearnBatches();
  const Duration before = book_.BatchMean(8);
  Learn(1, 1us, RunSample::End::kCancelled, 8);
  EXPECT_GE(book_.BatchMean(8), before * 9 / 10);
}

TEST_F(EndpointBookTest, TheSizeAimedAtGrowsWithTheLoad) {
  LearnBatches();
  EXPECT_EQ(book_.TargetBatch(1, Come(100)), 1u);
  EXPECT_GE(book_.TargetBatch(1, Come(450)), 3u);
  EXPECT_EQ(book_.TargetBatch(1, Come(5000)), 8u);
}

TEST_F(EndpointBookTest, TheSizeAimedAtFallsWithTheSmallestBudget) {
  LearnBatches();
  EXPECT_LE(book_.TargetBatch(1, Come(5000, 18ms)), 5u);  // twice the run is within the budget
  EXPECT_GE(book_.TargetBatch(1, Come(5000, 18ms)), 3u);
}

TEST_F(EndpointBookTest, WhatIsSetAsideForABatchGrowsWithItsSizeAndIsCapped) {
  LearnBatches();
  const Duration one = book_.BatchAllowance(1, 1s);
  EXPECT_GE(one, 5ms);
  for (std::size_t size = 2; size <= 8; ++size) {
    EXPECT_GT(book_.BatchAllowance(size, 1s), book_.BatchAllowance(size - 1, 1s));
  }
  ExpectNear(book_.BatchAllowance(8, 10ms), 12ms);  // its mean, rather than 0.6 of the budget
}

TEST_F(EndpointBookTest, ARequestIsPredictedAsAMemberOfTheBatchAimedAt) {
  LearnBatches();
  const SteadyTime now = Come(5000);
  ASSERT_EQ(book_.TargetBatch(1, now), 8u);
  const ServicePrediction prediction = book_.Predict(100ms, 1, now);
  ExpectNear(prediction.mean, 1500us);  // 12 ms for 8
  EXPECT_EQ(prediction.allowance, book_.BatchAllowance(8, 100ms));
  ExpectNear(book_.SharedWork(1, now), Duration(12ms) * 7 / 16);
}

TEST_F(EndpointBookTest, ItsShareOfThePoolIsAllOfItAtFirst) {
  EXPECT_EQ(book_.Quota(4), 4u);
  EXPECT_EQ(book_.min_workers(), 0u);
}

TEST_F(EndpointBookTest, ASlowOneLeavesAWorkerToTheOthersWhereThereAreSeveral) {
  book_.SetSlow(true);
  EXPECT_EQ(book_.Quota(4), 3u);
  EXPECT_EQ(book_.Quota(2), 1u);
  EXPECT_EQ(book_.Quota(1), 1u);
  book_.SetSlow(false);
  EXPECT_EQ(book_.Quota(4), 4u);
}

TEST_F(EndpointBookTest, TheOperatorsShareComesBeforeThat) {
  EndpointPolicy policy;
  policy.max_workers = 4;
  policy.min_workers = 2;
  book_.SetPolicy(policy);
  book_.SetSlow(true);
  EXPECT_EQ(book_.Quota(4), 4u);
  EXPECT_EQ(book_.Quota(8), 4u);
  EXPECT_EQ(book_.Quota(3), 3u);
  EXPECT_EQ(book_.min_workers(), 2u);
}

TEST_F(EndpointBookTest, BudgetsFarApartAreShortOrLongByTheirRatios) {
  book_.NoteArrival(20ms, kNow);
  EXPECT_FALSE(book_.IsLong(20ms));
  book_.NoteArrival(100ms, kNow);
  EXPECT_FALSE(book_.IsLong(20ms));
  EXPECT_FALSE(book_.IsLong(44ms));
  EXPECT_TRUE(book_.IsLong(45ms));
  EXPECT_TRUE(book_.IsLong(100ms));
}

TEST_F(EndpointBookTest, BudgetsThatAreNotFarApartAreAllShort) {
  book_.NoteArrival(20ms, kNow);
  book_.NoteArrival(59ms, kNow);
  EXPECT_FALSE(book_.IsLong(59ms));
}

}  // namespace
}  // namespace baton::serve
