// What workers run, how long that takes, and who may be stopped.
#include "server/serve/worker_table.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{1000ms};

class WorkerTableTest : public testing::Test {
 protected:
  std::size_t Join(std::size_t count) {
    for (std::size_t i = 1; i < count; ++i) table_.Join();
    return table_.Join();
  }
  void Start(std::size_t worker, Duration predicted, std::uint32_t endpoint = 0) {
    WorkerTable::Run run;
    run.endpoint = endpoint;
    run.since = kStart;
    run.predicted = predicted;
    run.zombie_after = 1s;
    run.members.push_back({RequestId{worker + 1}, std::stop_source()});
    table_.Start(worker, std::move(run));
  }
  std::stop_source StartBatch(std::size_t worker, const std::vector<std::uint64_t>& ids) {
    WorkerTable::Run run;
    run.since = kStart;
    run.zombie_after = 1s;
    run.batch_stop.emplace();
    for (const std::uint64_t id : ids) run.members.push_back({RequestId{id}, std::stop_source()});
    const std::stop_source stop = *run.batch_stop;
    table_.Start(worker, std::move(run));
    return stop;
  }

  WorkerTable table_;
};

TEST_F(WorkerTableTest, CountsWhoIsThereAndWhoWorks) {
  Join(3);
  Start(0, 10ms, 2);
  Start(1, 10ms, 2);
  EXPECT_EQ(table_.alive(), 3u);
  EXPECT_EQ(table_.busy(), 2u);
  EXPECT_EQ(table_.idle(), 1u);
  EXPECT_EQ(table_.running(2), 2u);
  EXPECT_EQ(table_.running(0), 0u);
  EXPECT_EQ(table_.running(9), 0u);
  table_.Finish(0);
  EXPECT_EQ(table_.busy(), 1u);
  EXPECT_EQ(table_.running(2), 1u);
}

TEST_F(WorkerTableTest, WhatRunsNowHasRunWithinATimeOnlyForThatPartOfIt) {
  Join(3);
  Start(0, 10ms);
  Start(1, 10ms);
  EXPECT_EQ(table_.RanWithin(kStart - 1s, kStart + 100ms), 200ms);
  EXPECT_EQ(table_.RanWithin(kStart + 60ms, kStart + 100ms), 80ms);
  EXPECT_EQ(table_.RanWithin(kStart - 2s, kStart - 1s), 0ms) << "it started later";
  table_.Finish(0);
  EXPECT_EQ(table_.RanWithin(kStart, kStart + 100ms), 100ms);
}

TEST_F(WorkerTableTest, KnowsWhoseRunEachIs) {
  Join(2);
  Start(1, 10ms, 2);
  EXPECT_EQ(table_.EndpointOf(1), 2u);
  EXPECT_EQ(table_.EndpointOf(0), std::nullopt);
  table_.Finish(1);
  EXPECT_EQ(table_.EndpointOf(1), std::nullopt);
}

TEST_F(WorkerTableTest, FinishingNothingChangesNothing) {
  Join(1);
  table_.Finish(0);
  EXPECT_EQ(table_.idle(), 1u);
}

TEST_F(WorkerTableTest, TheNumberOfOneThatLeftIsGivenAgain) {
  Join(3);
  Start(1, 10ms);
  table_.Leave(1);
  EXPECT_EQ(table_.alive(), 2u);
  EXPECT_EQ(table_.busy(), 0u);
  EXPECT_EQ(table_.Residual(kStart), 0ms);
  EXPECT_EQ(table_.Join(), 1u);
  EXPECT_EQ(table_.Join(), 3u);
}

TEST_F(WorkerTableTest, TheRestOfARunIsWhatWasPredictedLessWhatHasPassed) {
  Join(2);
  Start(0, 10ms, 1);
  Start(1, 20ms, 2);
  EXPECT_EQ(table_.Residual(kStart), 30ms);
  EXPECT_EQ(table_.Residual(kStart + 4ms), 22ms);
  EXPECT_EQ(table_.Residual(1, kStart + 4ms), 6ms);
  EXPECT_EQ(table_.Residual(2, kStart + 4ms), 16ms);
  EXPECT_EQ(table_.MeanRun(), 15ms);
}

TEST_F(WorkerTableTest, ARunBeyondItsPredictionTakesAnotherQuarterOfItOrOfWhatHasPassed) {
  Join(1);
  Start(0, 10ms);
  EXPECT_EQ(table_.Residual(kStart + 10ms), 2500us);
  EXPECT_EQ(table_.Residual(kStart + 40ms), 10ms);
  EXPECT_EQ(table_.Residual(0, kStart + 400ms), 100ms);
}

TEST_F(WorkerTableTest, WithNothingRunningThereIsNoRestAndNoMean) {
  Join(2);
  EXPECT_EQ(table_.Residual(kStart), 0ms);
  EXPECT_EQ(table_.MeanRun(), 0ms);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 0ms);
}

TEST_F(WorkerTableTest, WorkAheadFillsTheGapsBelowOneLevelAsWaterDoes) {
  Join(3);
  Start(1, 10ms);
  Start(2, 40ms);  // the third is idle
  EXPECT_EQ(table_.FreeAfter(6ms, kStart).time, 6ms);
  EXPECT_EQ(table_.FreeAfter(6ms, kStart).workers, 1u);
  EXPECT_EQ(table_.FreeAfter(30ms, kStart).time, 20ms);
  EXPECT_EQ(table_.FreeAfter(30ms, kStart).workers, 2u);
  EXPECT_EQ(table_.FreeAfter(100ms, kStart).time, 50ms);
  EXPECT_EQ(table_.FreeAfter(100ms, kStart).workers, 3u);
}

TEST_F(WorkerTableTest, TheLevelIsSeenAnewAfterEveryChange) {
  Join(1);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 0ms);
  Start(0, 10ms);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 10ms);
  table_.Join();
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 0ms);
  table_.Leave(1);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 10ms);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart + 3ms).time, 7ms);
  table_.Finish(0);
  EXPECT_EQ(table_.FreeAfter(0ms, kStart).time, 0ms);
}

// By pouring the work into the workers a little at a time, into the lowest.
Duration PouredLevel(std::vector<Duration> rests, Duration ahead, Duration step) {
  for (; ahead > 0ns; ahead -= step) *std::min_element(rests.begin(), rests.end()) += step;
  return *std::min_element(rests.begin(), rests.end());
}

TEST(WorkerTableLevelTest, IsWhatPouringTheWorkInGives) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr Duration kStep = 100us;
  for (int round = 0; round < 200; ++round) {
    WorkerTable table;
    std::vector<Duration> rests;
    for (std::uint64_t i = random() % 16 + 1; i > 0; --i) {
      const std::size_t worker = table.Join();
      rests.push_back(static_cast<int>(random() % 3) * static_cast<int>(random() % 50) * 1ms);
      WorkerTable::Run run;
      run.since = kStart;
      run.predicted = rests.back();
      if (rests.back() > 0ms) table.Start(worker, std::move(run));
    }
    const Duration ahead = static_cast<int>(random() % 400) * 1ms;
    const WorkerTable::Level level = table.FreeAfter(ahead, kStart);
    ASSERT_NEAR(ToMillis(level.time), ToMillis(PouredLevel(rests, ahead, kStep)), ToMillis(kStep));
    const auto below =
        std::count_if(rests.begin(), rests.end(), [&](Duration rest) { return rest < level.time; });
    ASSERT_EQ(level.workers, std::max<std::size_t>(1, static_cast<std::size_t>(below)));
  }
}

TEST_F(WorkerTableTest, WhoRunsAloneIsStoppedAtOnce) {
  Join(2);
  Start(0, 10ms);
  Start(1, 10ms);
  WorkerTable::Unwanted unwanted = table_.Withdraw(RequestId{2});
  EXPECT_TRUE(unwanted.is_running);
  EXPECT_EQ(unwanted.since, kStart);
  EXPECT_TRUE(unwanted.stop.request_stop());
}

TEST_F(WorkerTableTest, WhoDoesNotRunIsNotFound) {
  Join(1);
  Start(0, 10ms);
  EXPECT_FALSE(table_.Withdraw(RequestId{7}).is_running);
  table_.Finish(0);
  WorkerTable::Unwanted gone = table_.Withdraw(RequestId{1});
  EXPECT_FALSE(gone.is_running);
  EXPECT_FALSE(gone.stop.request_stop());
}

TEST_F(WorkerTableTest, ABatchIsStoppedOnlyWhenNobodyWantsAnyOfIt) {
  Join(1);
  const std::stop_source stop = StartBatch(0, {1, 2, 3});
  for (const std::uint64_t id : {3u, 1u}) {
    WorkerTable::Unwanted unwanted = table_.Withdraw(RequestId{id});
    EXPECT_TRUE(unwanted.is_running);
    EXPECT_TRUE(unwanted.stop.request_stop()) << "for those who come to run alone";
    EXPECT_FALSE(unwanted.batch_stop.request_stop());
  }
  EXPECT_FALSE(stop.stop_requested());
  EXPECT_TRUE(table_.Withdraw(RequestId{2}).batch_stop.request_stop());
  EXPECT_TRUE(stop.stop_requested());
}

TEST_F(WorkerTableTest, AZombieRunsWhatNobodyWantsFarBeyondWhatItIsKnownToTake) {
  Join(3);
  Start(0, 10ms);
  Start(1, 10ms);
  table_.Withdraw(RequestId{1});
  EXPECT_EQ(table_.Zombies(kStart + 1s), 0u);  // not beyond it yet
  EXPECT_EQ(table_.Zombies(kStart + 1s + 1ns), 1u);
  table_.Withdraw(RequestId{2});
  EXPECT_EQ(table_.Zombies(kStart + 2s), 2u);
  table_.Finish(0);
  EXPECT_EQ(table_.Zombies(kStart + 2s), 1u);
}

TEST_F(WorkerTableTest, ABatchThatSomebodyWantsIsNoZombie) {
  Join(1);
  StartBatch(0, {1, 2});
  table_.Withdraw(RequestId{1});
  EXPECT_EQ(table_.Zombies(kStart + 1h), 0u);
  table_.Withdraw(RequestId{2});
  EXPECT_EQ(table_.Zombies(kStart + 1h), 1u);
}

}  // namespace
}  // namespace baton::serve
