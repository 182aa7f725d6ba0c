// Batches: who runs together, how many, and how long anybody waits for more.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/serve/dispatcher_harness.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A batch of n takes 4 + n ms; at most 8.
class BatchesTest : public DispatcherHarness {
 protected:
  BatchesTest() {
    policies_[kFast].batch.max_size = 8;
    dispatcher_.SetPolicies(policies_);
    for (int i = 0; i < 50; ++i) {
      for (const std::size_t size : {1u, 4u, 8u}) {
        Know(kFast, 4ms + static_cast<int>(size) * 1ms, 1, size);
      }
    }
  }
  void SetDelay(Duration delay) {
    policies_[kFast].batch.max_delay = delay;
    dispatcher_.SetPolicies(policies_);
  }
  // So many a second have come for a second, of whom nobody waits; the size aimed at follows.
  void HaveCome(int per_second, Duration budget = 1s) {
    for (int i = 0; i < per_second; ++i) {
      now_ += Duration(1s) / per_second;
      const auto submitted = Submit({.id = 500, .budget = budget});
      dispatcher_.Withdraw(submitted.handle);
    }
  }

  std::vector<EndpointPolicy> policies_{3};
};

TEST_F(BatchesTest, WhoWaitsTogetherRunsTogether) {
  SubmitMany(3);
  EXPECT_THAT(Take(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(taken_.batch_stop);
  EXPECT_EQ(dispatcher_.workers().busy(), 1u);
}

TEST_F(BatchesTest, OneAloneIsNoBatch) {
  SubmitMany(1);
  EXPECT_THAT(Take(), ElementsAre(1));
  EXPECT_FALSE(taken_.batch_stop);
}

TEST_F(BatchesTest, NoMoreThanTheLargestSizeRunTogether) {
  SubmitMany(11);
  EXPECT_EQ(RunNext().size(), 8u);
  EXPECT_EQ(RunNext().size(), 3u);
}

TEST_F(BatchesTest, TheMostUrgentOnesAreInIt) {
  for (std::uint64_t id = 1; id <= 10; ++id) {
    Submit({.id = id, .budget = 1s - static_cast<int>(id) * 1ms});
  }
  EXPECT_THAT(Take(), ElementsAre(10, 9, 8, 7, 6, 5, 4, 3));
}

TEST_F(BatchesTest, TheFirstOnesSlackDecidesTheSize) {
  Submit({.id = 1, .budget = 30ms});
  for (std::uint64_t id = 2; id <= 8; ++id) Submit({.id = id, .budget = 60ms});
  now_ += 30ms - dispatcher_.book(kFast).BatchAllowance(4, 30ms);
  EXPECT_EQ(Take().size(), 4u);
}

TEST_F(BatchesTest, WhoWouldKeepTheBatchBelowTheSizeAimedAtIsDropped) {
  HaveCome(1000, 60ms);
  ASSERT_GE(dispatcher_.book(kFast).TargetBatch(1, now_), 4u);
  Occupy();
  Submit({.id = 1, .budget = 30ms});
  for (std::uint64_t id = 2; id <= 8; ++id) Submit({.id = id, .budget = 60ms});
  now_ += 30ms - dispatcher_.book(kFast).BatchAllowance(2, 30ms);  // in time in a pair
  Finish();
  EXPECT_THAT(Take(), ElementsAre(2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(Shed(), ElementsAre(1));
}

TEST_F(BatchesTest, WhereFewWaitNobodyIsDroppedForASizeThatIsNotThere) {
  HaveCome(1000, 60ms);
  Occupy();
  Submit({.id = 1, .budget = 30ms});
  Submit({.id = 2, .budget = 60ms});
  now_ += 30ms - dispatcher_.book(kFast).BatchAllowance(2, 30ms);
  Finish();
  EXPECT_THAT(Take(), ElementsAre(1, 2));
}

TEST_F(BatchesTest, CallsOfDifferentHandlersDoNotMix) {
  const BatchableHandler other;
  Submit({.id = 1, .budget = 100ms, .handler = &handler_});
  Submit({.id = 2, .budget = 150ms, .handler = &other});
  Submit({.id = 3, .budget = 200ms, .handler = &handler_});
  EXPECT_THAT(RunNext(), ElementsAre(1, 3));
  EXPECT_THAT(RunNext(), ElementsAre(2));
}

TEST_F(BatchesTest, WhatCannotRunTogetherRunsAlone) {
  const BatchableHandler alone(false);
  Submit({.id = 1, .handler = &alone});
  Submit({.id = 2, .handler = &alone});
  EXPECT_THAT(RunNext(), ElementsAre(1));
  EXPECT_THAT(RunNext(), ElementsAre(2));
}

TEST_F(BatchesTest, BudgetsFarApartHaveLanesOfTheirOwn) {
  HaveCome(10, 40ms);
  HaveCome(10, 400ms);
  Submit({.id = 1, .budget = 400ms});
  Submit({.id = 2, .budget = 40ms});
  Submit({.id = 3, .budget = 400ms});
  Submit({.id = 4, .budget = 40ms});
  EXPECT_THAT(RunNext(), ElementsAre(2, 4));
  EXPECT_THAT(RunNext(), ElementsAre(1, 3));
}

TEST_F(BatchesTest, ABatchHoldsOneWorkerAndIsStoppedWhenNobodyWantsAnyOfIt) {
  SubmitMany(2);
  Take();
  EXPECT_FALSE(dispatcher_.WithdrawRunning(RequestId{1}).batch_stop.request_stop());
  EXPECT_TRUE(dispatcher_.WithdrawRunning(RequestId{2}).batch_stop.request_stop());
  EXPECT_TRUE(taken_.batch_stop->stop_requested());
}

// Waiting for more.

TEST_F(BatchesTest, ByDefaultNobodyWaitsForMore) {
  HaveCome(1000);
  SubmitMany(1);
  EXPECT_THAT(Take(), ElementsAre(1));
  EXPECT_EQ(dispatcher_.next_start(), SteadyTime::max());
}

TEST_F(BatchesTest, WithADelayTheFirstWaitsForMoreAndIsThenTaken) {
  SetDelay(5ms);
  HaveCome(1000);
  SubmitMany(1);
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(dispatcher_.next_start(), now_ + 5ms);
  now_ += 5ms;
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(BatchesTest, WithADelayNobodyWaitsOnceThereAreEnough) {
  SetDelay(5ms);
  HaveCome(1000);
  SubmitMany(dispatcher_.book(kFast).TargetBatch(1, now_));
  EXPECT_GE(Take().size(), 4u);
}

TEST_F(BatchesTest, WithADelayNobodyWaitsWhileAnotherWorkerIsIdle) {
  SetDelay(5ms);
  HaveCome(1000);
  dispatcher_.Join();
  SubmitMany(1);
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(BatchesTest, NobodyWaitsForMoreBeyondItsOwnSlack) {
  SetDelay(1s);
  HaveCome(1000, 60ms);
  ASSERT_TRUE(Submit({.id = 1, .budget = 60ms}).decision.admit);
  EXPECT_THAT(Take(), IsEmpty());
  const EndpointBook& book = dispatcher_.book(kFast);
  const SteadyTime until = now_ + 60ms - book.BatchAllowance(book.TargetBatch(1, now_), 60ms);
  EXPECT_EQ(dispatcher_.next_start(), until);
  now_ = until;
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(BatchesTest, OthersRunWhileABatchWaitsForMore) {
  SetDelay(5ms);
  HaveCome(1000);
  Know(kOther, 1ms);
  SubmitMany(1);
  Submit({.id = 2, .endpoint = kOther, .budget = 2s});
  EXPECT_THAT(Take(), ElementsAre(2));
}

}  // namespace
}  // namespace baton::serve
