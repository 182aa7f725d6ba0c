// Runs before the first request: how many, until when, and what is learned from them.
#include "server/serve/warm_up.h"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::serve {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

// Its n-th run, from 0 on, does what a test says.
class WarmingHandler final : public Handler {
 public:
  using Function = std::function<Outcome(int run)>;
  explicit WarmingHandler(Function function) : function_(std::move(function)) {}

  Outcome Handle(const Call& call, RunContext& context) const override {
    EXPECT_EQ(call.body, "warm");
    EXPECT_FALSE(context.expired());
    return function_(runs_++);
  }
  bool CanBatch() const override { return can_batch_; }
  void HandleBatch(std::span<BatchMember> members, const std::stop_token&) const override {
    ++batches_;
    sizes_ = members.size();
    for (BatchMember& member : members) member.outcome = function_(runs_);
  }
  std::optional<Call> WarmUpCall(std::size_t) const override { return call_; }

  std::optional<Call> call_ = Call{"warm"};
  bool can_batch_ = false;
  mutable int runs_ = 0;
  mutable int batches_ = 0;
  mutable std::size_t sizes_ = 0;

 private:
  const Function function_;
};

class WarmUpTest : public testing::Test {
 protected:
  WarmingHandler Taking(std::function<Duration(int run)> time) {
    return WarmingHandler([this, time = std::move(time)](int run) {
      clock_.Advance(time(run));
      return Outcome{"{}", std::nullopt};
    });
  }

  ManualClock clock_;
};

TEST_F(WarmUpTest, SteadyRunsEndItAfterEight) {
  const auto handler = Taking([](int) { return 5ms; });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_TRUE(times.is_steady);
  EXPECT_THAT(times.single, SizeIs(8));
  EXPECT_THAT(times.single, Each(Duration(5ms)));
  EXPECT_THAT(times.full, IsEmpty());
}

TEST_F(WarmUpTest, TheFirstRunsMayBeSlowAndAreForgotten) {
  const auto handler = Taking([](int run) { return run < 3 ? 50ms : 5ms; });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_TRUE(times.is_steady);
  EXPECT_EQ(handler.runs_, 11);
  EXPECT_THAT(times.single, Each(Duration(5ms)));
}

TEST_F(WarmUpTest, ItEndsAfter64RunsThatAreNotSteady) {
  const auto handler = Taking([](int run) { return run % 4 == 0 ? 10ms : 1ms; });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_FALSE(times.is_steady);
  EXPECT_EQ(handler.runs_, 64);
  EXPECT_THAT(times.single, SizeIs(8));
}

TEST_F(WarmUpTest, ItTakesNoLongerThanFiveSecondsAndTheRunThatPassesThem) {
  const auto handler = Taking([](int) { return 1s; });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_EQ(handler.runs_, 5);
  EXPECT_THAT(times.single, SizeIs(5));
  EXPECT_TRUE(times.is_steady);
}

TEST_F(WarmUpTest, FewSlowRunsAreEnoughFromThreeOn) {
  const auto handler = Taking([](int) { return 3s; });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_THAT(times.single, SizeIs(2));
  EXPECT_FALSE(times.is_steady);
}

TEST_F(WarmUpTest, WhatIsVeryShortIsSteadyHoweverItVaries) {
  const auto handler = Taking([](int run) { return run % 2 == 0 ? 1us : 150us; });
  EXPECT_TRUE(WarmUp(handler, 1, clock_).is_steady);
}

TEST_F(WarmUpTest, WithoutACallNothingRuns) {
  auto handler = Taking([](int) { return 5ms; });
  handler.call_.reset();
  const WarmUpTimes times = WarmUp(handler, 8, clock_);
  EXPECT_EQ(handler.runs_, 0);
  EXPECT_THAT(times.single, IsEmpty());
  EXPECT_FALSE(times.is_steady);
}

TEST_F(WarmUpTest, ARunThatFailsEndsItWithNothing) {
  const WarmingHandler handler([](int run) {
    if (run < 5) return Outcome{"{}", std::nullopt};
    return Outcome{{}, Error{ErrorCode::kInternal, "out of memory", {}}};
  });
  const WarmUpTimes times = WarmUp(handler, 1, clock_);
  EXPECT_EQ(handler.runs_, 6);
  EXPECT_THAT(times.single, IsEmpty());
  EXPECT_FALSE(times.is_steady);
}

TEST_F(WarmUpTest, ARunThatThrowsEndsItWithNothing) {
  const WarmingHandler handler([](int) -> Outcome { throw std::runtime_error("no"); });
  EXPECT_THAT(WarmUp(handler, 1, clock_).single, IsEmpty());
}

TEST_F(WarmUpTest, WhereItCanBatchItAlsoRunsFullBatches) {
  auto handler = Taking([](int) { return 1ms; });
  handler.can_batch_ = true;
  const WarmUpTimes times = WarmUp(handler, 4, clock_);
  EXPECT_EQ(handler.batches_, 8);
  EXPECT_EQ(handler.sizes_, 4u);
  EXPECT_THAT(times.full, SizeIs(8));
  EXPECT_THAT(times.full, Each(Duration(4ms)));
}

TEST_F(WarmUpTest, WhereItCannotOrMayNotBatchItRunsNone) {
  auto handler = Taking([](int) { return 1ms; });
  EXPECT_THAT(WarmUp(handler, 4, clock_).full, IsEmpty());
  handler.can_batch_ = true;
  EXPECT_THAT(WarmUp(handler, 1, clock_).full, IsEmpty());
}

TEST_F(WarmUpTest, BatchesHaveFiveSecondsOfTheirOwn) {
  auto handler = Taking([](int) { return 600ms; });
  handler.can_batch_ = true;
  const WarmUpTimes times = WarmUp(handler, 4, clock_);
  EXPECT_THAT(times.single, SizeIs(8));
  EXPECT_THAT(times.full, SizeIs(3));
}

TEST_F(WarmUpTest, ABatchThatFailsLeavesTheSingleRuns) {
  WarmingHandler handler([](int run) {
    if (run < 8) return Outcome{"{}", std::nullopt};
    return Outcome{{}, Error{ErrorCode::kInternal, "too many", {}}};
  });
  handler.can_batch_ = true;
  const WarmUpTimes times = WarmUp(handler, 4, clock_);
  EXPECT_TRUE(times.is_steady);
  EXPECT_THAT(times.single, SizeIs(8));
  EXPECT_THAT(times.full, IsEmpty());
}

}  // namespace
}  // namespace baton::serve
