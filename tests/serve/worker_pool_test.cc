// A worker's round: what it runs, what it never starts, and how every ending becomes a reply.
#include "server/serve/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/serve/pool_harness.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::FakeHandler;
using testing_support::FunctionHandler;
using testing_support::RecordingSink;

class WorkerPoolTest : public testing::Test {
 protected:
  WorkerPoolTest() { EXPECT_TRUE(harness_.pool().Resize(1)); }

  // Holds the only worker until it is told to finish.
  void OccupyWorker(const FakeHandler& handler) {
    harness_.Submit(handler, 1h, 1);
    handler.WaitUntilStarted(1);
  }

  PoolHarness<ManualClock> harness_;
};

Outcome Fine() { return {R"({"ok":true})", std::nullopt}; }

TEST_F(WorkerPoolTest, WhatAHandlerReturnsIsThePrediction) {
  const FunctionHandler handler(
      [](const Call& /*call*/, RunContext& /*context*/) { return Fine(); });
  const Reply reply = harness_.Run(handler);
  EXPECT_EQ(reply.answer, Answer::kPrediction);
  EXPECT_EQ(reply.cause, Cause::kNone);
  EXPECT_EQ(reply.body, R"({"ok":true})");
  EXPECT_FALSE(reply.error);
}

TEST_F(WorkerPoolTest, AReplyTellsWhenTheRunBeganAndEnded) {
  const FunctionHandler handler([this](const Call& /*call*/, RunContext& /*context*/) {
    harness_.clock().Advance(3ms);
    return Fine();
  });
  const SteadyTime began = harness_.clock().Now();
  const Reply reply = harness_.Run(handler);
  EXPECT_EQ(reply.started, began);
  EXPECT_EQ(reply.finished, began + 3ms);
  EXPECT_EQ(harness_.sink().completions()[0].run_time, 3ms);
}

TEST_F(WorkerPoolTest, EveryErrorHasItsAnswerAndCause) {
  struct Case {
    ErrorCode code;
    Answer answer;
    Cause cause;
  };
  const Case cases[] = {
      {ErrorCode::kInvalidArgument, Answer::kInvalid, Cause::kNone},
      {ErrorCode::kNotFound, Answer::kInvalid, Cause::kNone},
      {ErrorCode::kTooLarge, Answer::kInvalid, Cause::kNone},
      {ErrorCode::kUnsupported, Answer::kInvalid, Cause::kNone},
      {ErrorCode::kDeadlineExceeded, Answer::kTimeout, Cause::kExpiredRunning},
      {ErrorCode::kInternal, Answer::kError, Cause::kBackendError},
      {ErrorCode::kUnavailable, Answer::kError, Cause::kBackendError},
      {ErrorCode::kResourceExhausted, Answer::kError, Cause::kBackendError},
  };
  for (const Case& c : cases) {
    const FunctionHandler handler([&](const Call& /*call*/, RunContext& /*context*/) {
      return Outcome{"", Error{c.code, "why", "inputs[0]"}};
    });
    const Reply reply = harness_.Run(handler);
    EXPECT_EQ(ToText(reply.answer), ToText(c.answer));
    EXPECT_EQ(ToText(reply.cause), ToText(c.cause));
    ASSERT_TRUE(reply.error);
    EXPECT_EQ(reply.error->message, "why");
    EXPECT_EQ(reply.error->field, "inputs[0]");
  }
}

TEST_F(WorkerPoolTest, AnExceptionBecomesABackendErrorAndTheWorkerLives) {
  const FunctionHandler handler([](const Call& /*call*/, RunContext& /*context*/) -> Outcome {
    throw std::runtime_error("the model tripped");
  });
  for (int i = 0; i < 2; ++i) {
    const Reply reply = harness_.Run(handler);
    EXPECT_EQ(reply.answer, Answer::kError);
    EXPECT_EQ(reply.cause, Cause::kBackendError);
    ASSERT_TRUE(reply.error);
    EXPECT_THAT(reply.error->message, HasSubstr("the model tripped"));
  }
}

TEST_F(WorkerPoolTest, AnExceptionOfNoKnownKindBecomesABackendErrorToo) {
  const FunctionHandler handler(
      [](const Call& /*call*/, RunContext& /*context*/) -> Outcome { throw 42; });
  const Reply reply = harness_.Run(handler);
  EXPECT_EQ(reply.answer, Answer::kError);
  EXPECT_EQ(reply.cause, Cause::kBackendError);
}

TEST_F(WorkerPoolTest, ATicketThatSomebodyElseClaimedIsNeverRun) {
  FakeHandler blocker;
  FakeHandler never;
  OccupyWorker(blocker);
  const RequestId id = harness_.Submit(never).id;
  ASSERT_TRUE(harness_.pending().Claim(id));
  blocker.FinishNext();
  EXPECT_EQ(harness_.sink().WaitFor(2)[1].run_time, 0ns);
  EXPECT_EQ(never.started(), 0u);
}

TEST_F(WorkerPoolTest, ThePromiseOfATicketThatIsNotRunIsKeptAllTheSame) {
  FakeHandler blocker;
  FakeHandler never;
  OccupyWorker(blocker);
  std::optional<PendingResponse> claimed = harness_.pending().Claim(harness_.Submit(never).id);
  ASSERT_TRUE(claimed);
  blocker.FinishNext();
  harness_.sink().WaitFor(2);
  const Reply reply = claimed->future.Take();
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
}

TEST_F(WorkerPoolTest, AWithdrawnTicketIsNeitherRunNorDelivered) {
  FakeHandler blocker;
  FakeHandler never;
  OccupyWorker(blocker);
  const auto sent = harness_.Submit(never);
  harness_.scheduler().Withdraw(sent.handle, sent.id);
  blocker.FinishAll();
  harness_.Run(blocker);
  EXPECT_EQ(harness_.sink().completions().size(), 2u);
  EXPECT_EQ(never.started(), 0u);
}

TEST_F(WorkerPoolTest, ATicketThatExpiresWhileItWaitsIsDeliveredUnrun) {
  FakeHandler blocker;
  FakeHandler never;
  OccupyWorker(blocker);
  const RequestId id = harness_.Submit(never, 10ms).id;
  harness_.clock().Advance(10ms);
  blocker.FinishNext();
  harness_.sink().WaitFor(2);
  const Reply reply = harness_.Claim(id);
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
  EXPECT_EQ(never.started(), 0u);
}

// The next tickets of endpoint 0 are known to be short, so that a worker takes several.
void MakeShort(PoolHarness<ManualClock>& harness) {
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& /*context*/) {
    harness.clock().Advance(1us);
    return Fine();
  });
  harness.Run(handler);
}

TEST_F(WorkerPoolTest, ATicketThatExpiresBehindAnotherOfItsBatchIsNotRun) {
  MakeShort(harness_);
  FakeHandler blocker;
  FakeHandler never;
  const FunctionHandler slow([&](const Call& /*call*/, RunContext& /*context*/) {
    harness_.clock().Advance(10ms);
    return Fine();
  });
  OccupyWorker(blocker);
  harness_.Submit(slow, 5ms);
  const RequestId second = harness_.Submit(never, 6ms).id;
  blocker.FinishNext();
  harness_.sink().WaitFor(4);
  EXPECT_EQ(harness_.sink().deliveries(), 4u);  // the slow one's answer did not wait for the other
  const Reply reply = harness_.Claim(second);
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
  EXPECT_EQ(never.started(), 0u);
}

TEST_F(WorkerPoolTest, EveryConductorGetsTheCompletionsOfItsOwnTickets) {
  MakeShort(harness_);
  FakeHandler blocker;
  const FunctionHandler fine([](const Call& /*call*/, RunContext& /*context*/) { return Fine(); });
  RecordingSink other;
  OccupyWorker(blocker);
  std::vector<RequestId> others;
  for (int i = 0; i < 2; ++i) others.push_back(harness_.Submit(fine, 1s, 0, &other).id);
  harness_.Submit(fine, 2s);
  blocker.FinishNext();
  const std::vector<RecordingSink::Completed> delivered = other.WaitFor(2);
  EXPECT_THAT(std::vector({delivered[0].id, delivered[1].id}), testing::ElementsAreArray(others));
  EXPECT_EQ(other.deliveries(), 1u);
  EXPECT_EQ(harness_.sink().WaitFor(3).size(), 3u);
}

TEST_F(WorkerPoolTest, AHandlerSeesItsCallAndItsDeadline) {
  Deadline seen;
  std::atomic<bool> has_expired{true};
  const FunctionHandler handler([&](const Call& call, RunContext& context) {
    EXPECT_THAT(call.body, IsEmpty());
    seen = context.deadline();
    has_expired = context.expired();
    return Fine();
  });
  const SteadyTime arrival = harness_.clock().Now();
  harness_.Run(handler, 50ms);
  EXPECT_EQ(seen.at(), arrival + 50ms);
  EXPECT_FALSE(has_expired);
}

TEST_F(WorkerPoolTest, ARunIsExpiredOnceItsTimeHasCome) {
  std::atomic<bool> has_expired{false};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& context) {
    harness_.clock().Advance(50ms);
    has_expired = context.expired();
    return Fine();
  });
  harness_.Run(handler, 50ms);
  EXPECT_TRUE(has_expired);
}

TEST_F(WorkerPoolTest, ARunIsExpiredOnceItsClientHasLeft) {
  std::atomic<bool> has_expired{false};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& context) {
    harness_.pending().Claim(RequestId{1});
    has_expired = context.expired();
    return Fine();
  });
  harness_.Submit(handler);
  harness_.sink().WaitFor(1);
  EXPECT_TRUE(has_expired);
}

TEST_F(WorkerPoolTest, AShortenedBudgetMovesTheDeadlineOfTheRunAndOfTheConductor) {
  Deadline seen;
  std::atomic<bool> may_go_on{false};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& context) {
    may_go_on = context.ShortenBudget(20ms);
    seen = context.deadline();
    return Fine();
  });
  const SteadyTime arrival = harness_.clock().Now();
  harness_.Run(handler, 50ms);
  EXPECT_TRUE(may_go_on);
  EXPECT_EQ(seen.at(), arrival + 20ms);
  const std::vector<RecordingSink::Move> moves = harness_.sink().moves();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].id, RequestId{1});
  EXPECT_EQ(moves[0].earlier.at(), arrival + 20ms);
  EXPECT_EQ(moves[0].earlier.budget(), 20ms);
}

TEST_F(WorkerPoolTest, ABudgetThatIsNotSmallerMovesNothing) {
  std::atomic<bool> may_go_on{false};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& context) {
    may_go_on = context.ShortenBudget(50ms) && context.ShortenBudget(1h);
    return Fine();
  });
  harness_.Run(handler, 50ms);
  EXPECT_TRUE(may_go_on);
  EXPECT_THAT(harness_.sink().moves(), IsEmpty());
}

TEST_F(WorkerPoolTest, ABudgetShortenedIntoThePastSaysSo) {
  std::atomic<bool> may_go_on{true};
  const FunctionHandler handler([&](const Call& /*call*/, RunContext& context) {
    harness_.clock().Advance(20ms);
    may_go_on = context.ShortenBudget(15ms);
    return Outcome{"", Error{ErrorCode::kDeadlineExceeded, "spent", {}}};
  });
  const Reply reply = harness_.Run(handler, 50ms);
  EXPECT_FALSE(may_go_on);
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(harness_.sink().moves().size(), 1u);
}

// See docs/decisions/0010.
TEST_F(WorkerPoolTest, WorkersGiveWayToOtherThreads) {
  std::atomic<int> niceness{0};
  const FunctionHandler handler([&niceness](const Call& /*call*/, RunContext& /*context*/) {
    niceness = getpriority(PRIO_PROCESS, 0);
    return Fine();
  });
  harness_.Run(handler);
  EXPECT_EQ(niceness, std::min(19, getpriority(PRIO_PROCESS, 0) + 10));
}

TEST_F(WorkerPoolTest, TasksAndBusyTimeAreCounted) {
  const FunctionHandler handler([this](const Call& /*call*/, RunContext& /*context*/) {
    harness_.clock().Advance(250ms);
    return Fine();
  });
  for (int i = 0; i < 3; ++i) harness_.Run(handler);
  ASSERT_TRUE(harness_.pool().Resize(2));  // whoever is counted has come back for more
  harness_.pool().Stop();
  while (harness_.scheduler().figures().alive_workers > 0) std::this_thread::yield();
  EXPECT_DOUBLE_EQ(harness_.registry().Value(harness_.metrics().tasks), 3);
  EXPECT_DOUBLE_EQ(harness_.registry().Value(harness_.metrics().busy_seconds), 0.75);
}

}  // namespace
}  // namespace baton::serve
