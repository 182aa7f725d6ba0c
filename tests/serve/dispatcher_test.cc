// Who is let in, who is taken and who is given up, step by step.
#include "server/serve/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/serve/dispatcher_harness.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using DispatcherTest = DispatcherHarness;

TEST_F(DispatcherTest, TheEarliestDeadlineRunsFirst) {
  Know(kFast, 1ms);
  Submit({.id = 1, .budget = 30ms});
  Submit({.id = 2, .budget = 10ms});
  Submit({.id = 3, .budget = 20ms});
  for (const std::uint64_t id : {2u, 3u, 1u}) EXPECT_THAT(RunNext(), ElementsAre(id));
}

TEST_F(DispatcherTest, EqualDeadlinesRunInOrderOfArrival) {
  Know(kFast, 1ms);
  for (std::uint64_t id = 1; id <= 3; ++id) Submit({.id = id});
  for (const std::uint64_t id : {1u, 2u, 3u}) EXPECT_THAT(RunNext(), ElementsAre(id));
}

TEST_F(DispatcherTest, WhoCannotEndInTimeAnyMoreIsShedWithItsReply) {
  Know(kFast, 10ms);
  Submit({.id = 1, .budget = 40ms});
  Submit({.id = 2, .budget = 41ms});
  Submit({.id = 3, .budget = 80ms});
  now_ += 32ms;
  EXPECT_THAT(Take(), ElementsAre(3));
  EXPECT_THAT(Shed(), ElementsAre(1, 2));
  const Reply reply = ReplyOf(1);
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
  EXPECT_EQ(reply.started, SteadyTime());
  EXPECT_EQ(reply.finished, now_);
}

TEST_F(DispatcherTest, WhenAllAreDoomedAllAreShedAndTheWorkerStaysIdle) {
  Know(kFast, 10ms);
  Submit({.id = 1, .budget = 40ms});
  now_ += 10s;
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_THAT(Shed(), ElementsAre(1));
  EXPECT_EQ(dispatcher_.workers().idle(), 1u);
  EXPECT_EQ(dispatcher_.work_ahead(), 0ms);
}

TEST_F(DispatcherTest, TheLatestStartIsDueLessTheAllowance) {
  Know(kFast, 10ms);
  Occupy();
  const auto submitted = Submit({.id = 1, .budget = 100ms});
  const Duration allowance = dispatcher_.book(kFast).Predict(100ms, 1, now_).allowance;
  EXPECT_GE(allowance, 10ms);
  EXPECT_EQ(submitted.latest_start, now_ + 100ms - allowance);
  EXPECT_EQ(dispatcher_.LatestStart(submitted.handle, now_), submitted.latest_start);
}

TEST_F(DispatcherTest, TheLatestStartFollowsWhatIsLearned) {
  Know(kFast, 10ms);
  Occupy();
  const auto submitted = Submit({.id = 1, .budget = 100ms});
  Know(kFast, 40ms);
  EXPECT_LE(*dispatcher_.LatestStart(submitted.handle, now_), now_ + 61ms);
}

TEST_F(DispatcherTest, WhoWasTakenOrWithdrawnHasNoLatestStart) {
  Know(kFast, 1ms);
  const auto taken = Submit({.id = 1});
  const auto withdrawn = Submit({.id = 2});
  Take();
  EXPECT_NE(dispatcher_.Withdraw(withdrawn.handle), nullptr);
  EXPECT_FALSE(dispatcher_.LatestStart(taken.handle, now_));
  EXPECT_FALSE(dispatcher_.LatestStart(withdrawn.handle, now_));
  EXPECT_EQ(dispatcher_.Withdraw(taken.handle), nullptr);
  EXPECT_EQ(dispatcher_.Withdraw(withdrawn.handle), nullptr);
}

TEST_F(DispatcherTest, WorkAheadIsThatOfThoseWhoWait) {
  Know(kFast, 10ms);
  Occupy();
  Submit({.id = 1, .budget = 1s});
  const auto second = Submit({.id = 2, .budget = 1s});
  EXPECT_NEAR(ToMillis(dispatcher_.work_ahead()), 20, 1);
  dispatcher_.Withdraw(second.handle);
  EXPECT_NEAR(ToMillis(dispatcher_.work_ahead()), 10, 1);
  Finish();
  Take();
  EXPECT_EQ(dispatcher_.work_ahead(), 0ms);
}

TEST_F(DispatcherTest, WhoWouldWaitTooLongIsRefusedAndToldHowLong) {
  Know(kFast, 10ms);
  Occupy(30ms);
  EXPECT_TRUE(Submit({.id = 1, .budget = 1s}).decision.admit);
  const auto refused = Submit({.id = 2, .budget = 35ms});
  EXPECT_EQ(refused.decision.cause, Cause::kNoTime);
  EXPECT_NEAR(ToMillis(refused.drain), 40, 2);
  EXPECT_EQ(refused.drain, dispatcher_.PredictedDrain(now_));
}

TEST_F(DispatcherTest, ARefusedTicketStaysWhereItWas) {
  dispatcher_.BeginDrain();
  auto ticket = Make({.id = 1});
  const auto submitted = dispatcher_.Submit(ticket, now_);
  EXPECT_EQ(submitted.decision.cause, Cause::kDraining);
  EXPECT_NE(ticket, nullptr);
  EXPECT_EQ(dispatcher_.waiting(), 0u);
}

TEST_F(DispatcherTest, WhileDrainingThoseWhoWaitAreServed) {
  Submit({.id = 1});
  dispatcher_.BeginDrain();
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(DispatcherTest, AnIdleWorkerServesATypicalRunEvenWhereItsTailDoesNotFit) {
  Know(kFast, 10ms);
  for (int i = 0; i < 60; ++i) Know(kFast, 30ms, 1);  // now q95 is
  for (int i = 0; i < 200; ++i) Know(kFast, 10ms, 1);
  ASSERT_GT(dispatcher_.book(kFast).estimate().q95(), 18ms);
  const auto submitted = Submit({.id = 1, .budget = 18ms});
  EXPECT_TRUE(submitted.decision.admit);
  EXPECT_FALSE(submitted.decision.is_probe);
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(DispatcherTest, AnIdleWorkerIsNobodysWhomOthersWillTake) {
  Know(kFast, 10ms);
  Submit({.id = 1, .budget = 12ms});  // the worker's next
  const auto second = Submit({.id = 2, .budget = 12ms});
  EXPECT_EQ(second.decision.cause, Cause::kNoTime);
}

TEST_F(DispatcherTest, ProbesComeOnceASecond) {
  Know(kFast, 10ms);
  Know(kFast, 50ms);
  const auto probe = Submit({.id = 1, .budget = 20ms});
  EXPECT_TRUE(probe.decision.is_probe);
  EXPECT_THAT(Take(), ElementsAre(1));  // though it is predicted to be late
  EXPECT_FALSE(Submit({.id = 2, .budget = 20ms}).decision.admit);
  now_ += 999ms;
  EXPECT_FALSE(Submit({.id = 3, .budget = 20ms}).decision.admit);
  now_ += 1ms;
  EXPECT_TRUE(Submit({.id = 4, .budget = 20ms}).decision.is_probe);
}

TEST_F(DispatcherTest, OfAColdEndpointNobodyWaits) {
  Know(kOther, 1ms);
  EXPECT_TRUE(Submit({.id = 1}).decision.admit);  // the worker is idle
  Take();
  EXPECT_TRUE(Submit({.id = 2}).decision.is_probe);
  EXPECT_EQ(Submit({.id = 3}).decision.cause, Cause::kNoTime);
  EXPECT_TRUE(Submit({.id = 4, .endpoint = kOther}).decision.admit);
}

TEST_F(DispatcherTest, AWarmUpWithSteadyTimesLetsThemWaitAtOnce) {
  dispatcher_.book(kFast).Warm(std::vector<Duration>(8, 1ms), {}, true);
  Occupy();
  for (std::uint64_t id = 1; id <= 5; ++id) EXPECT_TRUE(Submit({.id = id}).decision.admit);
}

TEST_F(DispatcherTest, ThePredictedWaitCountsWhatRunsAndWhatIsDueEarlier) {
  Know(kFast, 10ms);
  EXPECT_EQ(dispatcher_.PredictedWait(kFast, 1s, now_), 0ms);
  Occupy(10ms);
  EXPECT_NEAR(ToMillis(dispatcher_.PredictedWait(kFast, 1s, now_)), 10, 1);
  Submit({.id = 1, .budget = 500ms});
  EXPECT_NEAR(ToMillis(dispatcher_.PredictedWait(kFast, 1s, now_)), 20, 1);
  EXPECT_NEAR(ToMillis(dispatcher_.PredictedWait(kFast, 100ms, now_)), 10, 1);
}

TEST_F(DispatcherTest, WhoRunsIsAskedToStopWhenNobodyWantsItsAnswer) {
  Submit({.id = 1});
  Take();
  WorkerTable::Unwanted unwanted = dispatcher_.WithdrawRunning(RequestId{1});
  EXPECT_TRUE(unwanted.is_running);
  EXPECT_TRUE(unwanted.stop.request_stop());
  EXPECT_TRUE(taken_.tickets[0]->stop.stop_requested());
}

// Several at once.

TEST_F(DispatcherTest, RunsOfUnknownLengthAreTakenSingly) {
  Submit({.id = 1, .budget = 1s});
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(DispatcherTest, ShortOnesAreTakenTogetherUpToTheQuantum) {
  Know(kFast, 48us);
  SubmitMany(10);
  EXPECT_THAT(Take(), ElementsAre(1, 2, 3, 4));  // 192 of 200 us
  EXPECT_FALSE(taken_.batch_stop);
}

TEST_F(DispatcherTest, VeryShortOnesAreTakenTogetherUpToTheMost) {
  Know(kFast, 1us);
  SubmitMany(40);
  EXPECT_EQ(Take().size(), 32u);
}

TEST_F(DispatcherTest, LongOnesAreTakenSingly) {
  Know(kFast, 210us);
  SubmitMany(3);
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(DispatcherTest, IdleWorkersShareWhatIsShort) {
  Know(kFast, 1us);
  dispatcher_.Join();
  dispatcher_.Join();
  SubmitMany(9);
  EXPECT_EQ(Take(0).size(), 3u);
  EXPECT_EQ(Take(1).size(), 3u);
  EXPECT_EQ(Take(2).size(), 3u);
}

TEST_F(DispatcherTest, LargeBodiesAreTakenSinglyHoweverShortTheMean) {
  Know(kFast, 1us);
  Submit({.id = 1, .budget = 1s});
  Submit({.id = 2, .budget = 2s, .body_bytes = 4097});
  Submit({.id = 3, .budget = 3s, .body_bytes = 4096});
  Submit({.id = 4, .budget = 4s});
  EXPECT_THAT(RunNext(), ElementsAre(1));
  EXPECT_THAT(RunNext(), ElementsAre(2));
  EXPECT_THAT(RunNext(), ElementsAre(3, 4));
}

TEST_F(DispatcherTest, AnotherEndpointsTurnEndsWhatIsTakenTogether) {
  Know(kFast, 1us);
  Know(kOther, 1us);
  Submit({.id = 1, .budget = 10ms});
  Submit({.id = 2, .budget = 20ms});
  Submit({.id = 3, .endpoint = kOther, .budget = 30ms});
  Submit({.id = 4, .budget = 40ms});
  EXPECT_THAT(RunNext(), ElementsAre(1, 2));
  EXPECT_THAT(RunNext(), ElementsAre(3));
  EXPECT_THAT(RunNext(), ElementsAre(4));
}

// Limits.

class CappedDispatcherTest : public DispatcherHarness {
 protected:
  CappedDispatcherTest()
      : DispatcherHarness({.limits = {.max_waiting = 2, .max_waiting_bytes = 100}}) {
    Know(kFast, 1ms);
    Occupy(1ms);
  }
};

TEST_F(CappedDispatcherTest, BeyondTheCapOnTicketsTheAnswerIsQueueFull) {
  EXPECT_TRUE(Submit({.id = 1}).decision.admit);
  const auto second = Submit({.id = 2});
  EXPECT_TRUE(second.decision.admit);
  EXPECT_EQ(Submit({.id = 3}).decision.cause, Cause::kQueueFull);
  dispatcher_.Withdraw(second.handle);
  EXPECT_TRUE(Submit({.id = 4}).decision.admit);
}

TEST_F(CappedDispatcherTest, BeyondTheCapOnBytesTheAnswerIsQueueFullForThatOneOnly) {
  EXPECT_TRUE(Submit({.id = 1, .body_bytes = 60}).decision.admit);
  EXPECT_EQ(Submit({.id = 2, .body_bytes = 41}).decision.cause, Cause::kQueueFull);
  EXPECT_TRUE(Submit({.id = 3, .body_bytes = 40}).decision.admit);
}

// Other policies.

class OtherPolicyTest : public DispatcherHarness {
 protected:
  explicit OtherPolicyTest(SchedulingPolicy policy)
      : DispatcherHarness({.policy = policy, .limits = {}}) {
    Know(kFast, 100ms);
    Occupy();
  }
};
struct EdfTest : OtherPolicyTest {
  EdfTest() : OtherPolicyTest(SchedulingPolicy::kEdf) {}
};
struct FifoTest : OtherPolicyTest {
  FifoTest() : OtherPolicyTest(SchedulingPolicy::kFifo) {}
};

TEST_F(EdfTest, LetsEverybodyInAndRunsTheEarliestDeadlineHoweverLate) {
  Submit({.id = 1, .budget = 30ms});
  Submit({.id = 2, .budget = 10ms});
  Finish();
  now_ += 9ms;
  EXPECT_THAT(RunNext(), ElementsAre(2));
  EXPECT_THAT(RunNext(), ElementsAre(1));
}

TEST_F(EdfTest, DropsWhoHasExpired) {
  const auto submitted = Submit({.id = 1, .budget = 10ms});
  EXPECT_EQ(submitted.latest_start, now_ + 10ms);
  Finish();
  now_ += 10ms;
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_THAT(Shed(), ElementsAre(1));
}

TEST_F(FifoTest, RunsInOrderOfArrival) {
  Submit({.id = 1, .budget = 30ms});
  now_ += 1ms;
  Submit({.id = 2, .budget = 10ms});
  Finish();
  EXPECT_THAT(RunNext(), ElementsAre(1));
  EXPECT_THAT(RunNext(), ElementsAre(2));
}

}  // namespace
}  // namespace baton::serve
