// The life of a request at its desk: every way in, and the one answer it ends in.
#include "server/app/request_desk.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/app/desk_harness.h"

namespace baton::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RequestDeskTest : public DeskHarness {};

TEST_F(RequestDeskTest, ABudgetOfNothingIsAMissAtTheDoor) {
  EXPECT_FALSE(Grant(Receive(), 0ms));
  ExpectMiss(Answer::kTimeout, Cause::kBudgetTooSmall);
  EXPECT_EQ(front_.answers[0].view.granted_budget, Duration::zero());
}

TEST_F(RequestDeskTest, WhatTookItsBudgetToArriveIsTheClientsFault) {
  EXPECT_FALSE(Grant(Receive(), 20ms, 21ms));
  ExpectMiss(Answer::kInvalid, Cause::kNone);
  EXPECT_EQ(front_.answers[0].view.status, 408);
  EXPECT_EQ(front_.answers[0].message, "the request took longer to arrive than its budget of 20ms");
}

TEST_F(RequestDeskTest, NothingIsPromisedBeyondTheEndOfADrain) {
  OnLoop();
  desk_.SetLatestDeadline(harness_.clock().Now() + 30ms);
  const Index index = Receive();
  EXPECT_TRUE(Grant(index, 100ms));
  OnLoop();
  EXPECT_EQ(desk_.record(index).deadline.budget(), Duration(30ms));
}

TEST_F(RequestDeskTest, WhatNoWorkerTakesIsAnsweredBeforeItsDeadline) {
  Submit(100ms);
  EXPECT_EQ(scheduler_.figures().waiting, 1u);
  harness_.Advance(40ms);
  EXPECT_TRUE(front_.answers.empty());
  for (int i = 0; i < 59 && front_.answers.empty(); ++i) harness_.Advance(1ms);
  ExpectMiss(Answer::kTimeout, Cause::kExpiredInQueue);
  EXPECT_EQ(front_.answers[0].view.granted_budget, Duration(100ms));
  EXPECT_EQ(scheduler_.figures().waiting, 0u);
  EXPECT_EQ(misses_.added(), 1u);
}

TEST_F(RequestDeskTest, WhatRunsTooLongIsAnsweredWhenItIsDueAndAskedToStop) {
  Submit(100ms);
  std::unique_ptr<serve::Ticket> ticket = Take(scheduler_);
  for (int i = 0; i < 99 && front_.answers.empty(); ++i) harness_.Advance(1ms);
  ExpectMiss(Answer::kTimeout, Cause::kExpiredRunning);
  EXPECT_TRUE(ticket->stop.stop_requested());
  Complete(std::move(ticket), Prediction("late"));
  EXPECT_EQ(front_.answers.size(), 1u);
  EXPECT_THAT(registry_.Expose(),
              HasSubstr("baton_wasted_run_seconds_total{endpoint=\"m\"} 0.001"));
}

TEST_F(RequestDeskTest, ACompletionIsAPrediction) {
  Submit();
  harness_.Advance(5ms);
  Complete(Take(scheduler_), Prediction("answer"));
  ExpectMiss(Answer::kPrediction, Cause::kNone);
  EXPECT_EQ(front_.answers[0].body, "answer");
  EXPECT_FALSE(front_.answers[0].view.stages) << "nobody asked for them";
  harness_.Advance(1s);
  EXPECT_EQ(front_.answers.size(), 1u) << "its timer has gone with it";
}

TEST_F(RequestDeskTest, TheBooksOfAVersionHaveEveryAnswerOfItsRequests) {
  Submit();
  harness_.Advance(5ms);
  Complete(Take(scheduler_), Prediction("answer"));
  Abandon(Submit());
  OnLoop();
  const serve::VersionTotals totals = (*desk_.catalogue().Pick("m", {}))->books.Totals();
  EXPECT_EQ(totals.success.count, 1u);
  EXPECT_EQ(totals.success.time, Duration(5ms));
  EXPECT_EQ(totals.queue.time, Duration(5ms));
  EXPECT_EQ(totals.answers[static_cast<std::size_t>(Answer::kNone)], 1u);
}

TEST_F(RequestDeskTest, TheTicketKeepsTheVersionUntilItComesBack) {
  Submit();
  std::unique_ptr<serve::Ticket> ticket = Take(scheduler_);
  const std::weak_ptr<const void> version = ticket->lease;
  OnLoop();
  desk_.Use({});
  harness_.Turn();
  EXPECT_FALSE(version.expired());
  Publish({});
  Complete(std::move(ticket), Prediction("answer"));
  EXPECT_EQ(front_.answers.size(), 1u);
  EXPECT_TRUE(version.expired());
}

TEST_F(RequestDeskTest, AnErrorOfTheModelIsAMissAndOneOfTheClientIsNot) {
  Submit();
  serve::Reply reply;
  reply.answer = Answer::kInvalid;
  reply.error = Error{ErrorCode::kInvalidArgument, "no such input", {}};
  Complete(Take(scheduler_), std::move(reply));
  ExpectMiss(Answer::kInvalid, Cause::kNone);
  EXPECT_EQ(front_.answers[0].message, "no such input");
  EXPECT_EQ(misses_.added(), 0u);

  Submit();
  serve::Reply failed;
  failed.answer = Answer::kError;
  failed.cause = Cause::kBackendError;
  failed.error = Error{ErrorCode::kInternal, "no luck", {}};
  Complete(Take(scheduler_), std::move(failed));
  EXPECT_EQ(front_.answers.back().view.answer, Answer::kError);
  EXPECT_EQ(front_.answers.back().message, "no luck");
  EXPECT_EQ(misses_.added(), 1u);
}

TEST_F(RequestDeskTest, WhoeverIsAbandonedWhileHeWaitsCountsAsNone) {
  Abandon(Submit());
  EXPECT_TRUE(front_.answers.empty());
  EXPECT_EQ(scheduler_.figures().waiting, 0u);
  EXPECT_EQ(Open(), 0u);
  ExpectCounted(Answer::kNone);
  harness_.Advance(1s);
  EXPECT_TRUE(front_.answers.empty());
}

TEST_F(RequestDeskTest, WhoeverIsAbandonedInTheTurnOfHisArrivalIsNeverSubmitted) {
  Abandon(Admit());
  Admit();
  harness_.Turn();
  EXPECT_EQ(scheduler_.figures().waiting, 1u);
  EXPECT_EQ(Open(), 1u);
}

TEST_F(RequestDeskTest, ALoopThatIsBehindLooksWhoHasLeftBeforeItSubmits) {
  const Index stays = Admit();
  const Index leaves = Admit();
  front_.has_left = leaves;
  OnLoop();
  desk_.SetBehind(true);
  harness_.Turn();
  EXPECT_THAT(front_.asked, ElementsAre(stays, leaves));
  EXPECT_EQ(scheduler_.figures().waiting, 1u);
  EXPECT_EQ(Open(), 1u);
}

TEST_F(RequestDeskTest, BeyondTheLimitOfPendingResponsesRequestsAreRefused) {
  for (std::size_t i = 0; i < pending_.limit(); ++i) Admit();
  EXPECT_TRUE(front_.answers.empty());
  const Index index = Receive();
  OnLoop();
  EXPECT_TRUE(desk_.GrantBudget(index, 100ms, harness_.clock().Now()));
  std::string body = "{}";
  desk_.Admit(index, *desk_.catalogue().PlanFor("m", {}, api::BodyFormat::kInfer), body);
  EXPECT_EQ(TheAnswer().view.answer, Answer::kRefused);
  EXPECT_EQ(TheAnswer().view.cause, Cause::kPendingFull);
  EXPECT_EQ(Open(), pending_.limit());
}

TEST_F(RequestDeskTest, ARefusalOfTheSchedulerIsAnsweredAtOnce) {
  scheduler_.BeginDrain();
  Submit();
  ExpectMiss(Answer::kRefused, Cause::kDraining);
}

TEST_F(RequestDeskTest, ADeadlineThatABodyAsksForCounts) {
  Submit(100ms);
  const std::unique_ptr<serve::Ticket> ticket = Take(scheduler_);
  ticket->sink->MoveDeadline(ticket->id, Deadline(ticket->deadline.arrival(), 20ms));
  harness_.Turn();
  for (int i = 0; i < 20 && front_.answers.empty(); ++i) harness_.Advance(1ms);
  ExpectMiss(Answer::kTimeout, Cause::kExpiredRunning);
  EXPECT_EQ(front_.answers[0].view.granted_budget, Duration(20ms));
}

TEST_F(RequestDeskTest, AConstantReplacesAMiss) {
  Publish(Fallback(serve::FallbackPolicy::Kind::kConstant));
  EXPECT_FALSE(Grant(Receive(), 0ms));
  ExpectMiss(Answer::kFallback, Cause::kBudgetTooSmall);
  EXPECT_EQ(front_.answers[0].body, R"(declared: {"a":1})");
}

TEST_F(RequestDeskTest, AConstantWithoutAFormForTheRequestLeavesTheMiss) {
  Publish(Fallback(serve::FallbackPolicy::Kind::kConstant));
  front_.has_form = false;
  EXPECT_FALSE(Grant(Receive(), 0ms));
  ExpectMiss(Answer::kTimeout, Cause::kBudgetTooSmall);
}

TEST_F(RequestDeskTest, TheLastPredictionForTheSameKeyReplacesAMiss) {
  Publish(Fallback(serve::FallbackPolicy::Kind::kLastGood));
  Submit(100ms, "ann");
  Complete(Take(scheduler_), Prediction(R"({"outputs":[]})"));
  scheduler_.BeginDrain();
  harness_.Advance(3s);
  Submit(100ms, "bob");
  EXPECT_EQ(front_.answers.back().view.answer, Answer::kRefused);
  Submit(100ms, "ann");
  const FakeFront::Answered& answered = front_.answers.back();
  EXPECT_EQ(answered.view.answer, Answer::kFallback);
  EXPECT_EQ(answered.view.cause, Cause::kDraining);
  EXPECT_EQ(answered.view.age, Duration(3s));
  EXPECT_EQ(answered.body, R"({"parameters":{"degraded":true},"outputs":[]})");
}

TEST_F(RequestDeskTest, ACheaperModelOnTheReserveReplacesAMiss) {
  Publish(Fallback(serve::FallbackPolicy::Kind::kModel));
  scheduler_.BeginDrain();
  Submit();
  EXPECT_TRUE(front_.answers.empty());
  std::unique_ptr<serve::Ticket> ticket = Take(reserve_);
  EXPECT_EQ(ticket->endpoint, cheap_);
  Complete(std::move(ticket), Prediction(R"({"outputs":[]})"));
  ExpectMiss(Answer::kFallback, Cause::kDraining);
  EXPECT_EQ(front_.answers[0].body, R"({"parameters":{"degraded":true},"outputs":[]})");
}

TEST_F(RequestDeskTest, AModelThatIsNotReadyIsAMissWithItsReason) {
  const Error error{ErrorCode::kUnavailable, "model 'm' is not ready", {}};
  const Index index = Receive();
  OnLoop();
  desk_.AnswerMiss(index, Answer::kRefused, Cause::kModelUnavailable, {&error, Duration::zero()});
  ExpectMiss(Answer::kRefused, Cause::kModelUnavailable);
  EXPECT_EQ(front_.answers[0].message, "model 'm' is not ready");
  EXPECT_THAT(
      registry_.Expose(),
      HasSubstr(R"(baton_deadline_misses_total{endpoint="m",cause="model_unavailable"} 1)"));
}

TEST_F(RequestDeskTest, ARecordIsThereUntilItsAnswerIsSent) {
  front_.holds_back = true;
  EXPECT_FALSE(Grant(Receive(), 0ms));
  EXPECT_EQ(Open(), 1u);
  harness_.clock().Advance(2ms);
  OnLoop();
  desk_.Sent(front_.answers[0].index, harness_.clock().Now(), harness_.clock().Now());
  ExpectMiss(Answer::kTimeout, Cause::kBudgetTooSmall);
}

}  // namespace
}  // namespace baton::app
