// The scheduler's own part on the test's own thread, under a clock that stands still: tickets in
// and out, workers that come and go, and what it tells of itself.
#include "server/serve/scheduler.h"

#include <array>
#include <map>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::IdOf;
using testing_support::MakeTicket;

std::vector<std::uint64_t> Ids(const std::vector<std::unique_ptr<Ticket>>& tickets) {
  std::vector<std::uint64_t> ids;
  for (const std::unique_ptr<Ticket>& ticket : tickets) ids.push_back(IdOf(*ticket));
  return ids;
}

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() : scheduler_(clock_, {}, 1) {
    scheduler_.SetWorkers(1);
    worker_ = scheduler_.AddWorker();
    scheduler_.Warm(0, std::vector<Duration>(8, 1ms), {}, true);
  }

  struct Wish {
    std::uint64_t id;
    Duration budget = 1s;
  };
  // All under one lock, as a conductor does.
  std::vector<Scheduler::Submitted> Submit(const std::vector<Wish>& wishes) {
    std::vector<std::unique_ptr<Ticket>> tickets;
    for (const Wish& wish : wishes) {
      tickets.push_back(MakeTicket(wish.id, endpoint_, clock_.Now() + wish.budget));
      tickets.back()->deadline = Deadline(clock_.Now(), wish.budget);
      futures_[wish.id] = tickets.back()->promise.future();
    }
    std::vector<Scheduler::Submitted> results;
    scheduler_.Submit(tickets, results);
    return results;
  }
  // Requires: something to take.
  bool Take() { return scheduler_.Take(worker_, slot_); }
  std::vector<std::uint64_t> Taken() const { return Ids(slot_.assignment.tickets); }

  ManualClock clock_;
  Endpoint endpoint_;
  Scheduler scheduler_;
  std::size_t worker_ = 0;
  WorkerSlot slot_;
  std::map<std::uint64_t, ReplyFuture> futures_;
};

TEST_F(SchedulerTest, NewLimitsHoldForThoseWhoComeThen) {
  ASSERT_TRUE(Submit({{1}})[0].decision.admit);
  ASSERT_TRUE(Take());
  ASSERT_TRUE(Submit({{2}, {3}})[1].decision.admit);
  scheduler_.SetLimits({.max_waiting = 2, .max_waiting_bytes = 1000});
  EXPECT_EQ(scheduler_.waiting_limit(), 2u);
  EXPECT_EQ(scheduler_.figures().waiting, 2u);
  EXPECT_EQ(Submit({{4}})[0].decision.cause, Cause::kQueueFull);
  scheduler_.SetLimits({.max_waiting = 3, .max_waiting_bytes = 1000});
  EXPECT_TRUE(Submit({{5}})[0].decision.admit);
}

// A cold endpoint may not queue; a client that has its answer must find the worker that gave it.
TEST_F(SchedulerTest, AWorkerOnItsWayBackIsAsGoodAsIdleForOne) {
  scheduler_.ResetEstimate(0);
  EXPECT_TRUE(Submit({{1, 1s}})[0].decision.admit);
  ASSERT_TRUE(Take());
  const auto probe = Submit({{2, 1s}})[0];  // the one of this second
  ASSERT_TRUE(probe.decision.is_probe);
  scheduler_.Withdraw(probe.handle, RequestId{2});
  EXPECT_FALSE(Submit({{3, 1s}})[0].decision.admit);
  scheduler_.NoteReturning(slot_);
  EXPECT_TRUE(Submit({{4, 1s}})[0].decision.admit);
  EXPECT_FALSE(Submit({{5, 1s}})[0].decision.admit);
  ASSERT_TRUE(Take());
  EXPECT_FALSE(Submit({{6, 1s}})[0].decision.admit);
}

TEST_F(SchedulerTest, EveryTicketOfASubmissionHasItsResult) {
  const auto submitted = Submit({{1, 30ms}, {2, 0ms}, {3, 10ms}});
  ASSERT_EQ(submitted.size(), 3u);
  EXPECT_TRUE(submitted[0].decision.admit);
  EXPECT_EQ(submitted[1].decision.cause, Cause::kExpiredInQueue);
  EXPECT_TRUE(submitted[2].decision.admit);
  for (const std::uint64_t id : {3u, 1u}) {
    ASSERT_TRUE(Take());
    EXPECT_THAT(Taken(), ElementsAre(id));
  }
}

TEST_F(SchedulerTest, ATicketHasALatestStartUntilAWorkerTakesIt) {
  const auto submitted = Submit({{1, 1s}, {2, 2s}});
  EXPECT_EQ(scheduler_.LatestStart(submitted[0].handle), submitted[0].latest_start);
  ASSERT_TRUE(Take());
  EXPECT_FALSE(scheduler_.LatestStart(submitted[0].handle));
  EXPECT_TRUE(scheduler_.LatestStart(submitted[1].handle));
}

TEST_F(SchedulerTest, AWithdrawnTicketThatWaitedComesBackAndIsNeverTaken) {
  const auto submitted = Submit({{1}, {2}});
  const Withdrawal withdrawal = scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(withdrawal.where, Withdrawal::Where::kWaiting);
  ASSERT_NE(withdrawal.ticket, nullptr);
  EXPECT_EQ(IdOf(*withdrawal.ticket), 1u);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Taken(), ElementsAre(2));
}

TEST_F(SchedulerTest, AWithdrawnTicketThatRunsIsAskedToStopAndTellsSinceWhen) {
  const auto submitted = Submit({{1}});
  clock_.Advance(2ms);
  ASSERT_TRUE(Take());
  clock_.Advance(3ms);
  const Withdrawal withdrawal = scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(withdrawal.where, Withdrawal::Where::kRunning);
  EXPECT_EQ(withdrawal.started, clock_.Now() - 3ms);
  EXPECT_TRUE(slot_.assignment.tickets[0]->stop.stop_requested());
}

TEST_F(SchedulerTest, WhoListensForTheStopIsCalledWithoutTheLock) {
  const auto submitted = Submit({{1}});
  ASSERT_TRUE(Take());
  std::size_t busy = 0;
  const std::stop_callback asks(slot_.assignment.tickets[0]->stop.get_token(),
                                [&] { busy = scheduler_.figures().busy_workers; });
  scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(busy, 1u);
}

TEST_F(SchedulerTest, ATicketThatHasRunIsGone) {
  const auto submitted = Submit({{1, 1s}, {2, 2s}});
  ASSERT_TRUE(Take());
  ASSERT_TRUE(Take());
  EXPECT_EQ(scheduler_.Withdraw(submitted[0].handle, RequestId{1}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, ATicketThatWasShedIsGone) {
  const auto submitted = Submit({{1, 10ms}, {2}});
  clock_.Advance(20ms);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.assignment.shed), ElementsAre(1));
  EXPECT_THAT(Taken(), ElementsAre(2));
  EXPECT_EQ(scheduler_.Withdraw(submitted[0].handle, RequestId{1}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, WhatWasNeverSubmittedIsGone) {
  EXPECT_EQ(scheduler_.Withdraw({}, RequestId{9}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, ARefusedTicketIsTheCallersStill) {
  scheduler_.BeginDrain();
  std::array<std::unique_ptr<Ticket>, 1> tickets = {MakeTicket(1, endpoint_, clock_.Now() + 1s)};
  std::vector<Scheduler::Submitted> results;
  scheduler_.Submit(tickets, results);
  EXPECT_EQ(results[0].decision.cause, Cause::kDraining);
  EXPECT_NE(tickets[0], nullptr);
}

TEST_F(SchedulerTest, WhatAWorkerLeavesInItsSlotIsLearned) {
  Submit({{1}, {2}});
  ASSERT_TRUE(Take());
  slot_.samples.push_back({0, 9ms, 1, RunSample::End::kWhole});
  ASSERT_TRUE(Take());
  EXPECT_THAT(slot_.samples, IsEmpty());
  const Scheduler::Estimate estimate = scheduler_.EstimateOf(0, 50ms);
  EXPECT_EQ(estimate.samples, 1u);
  EXPECT_GT(estimate.mean, 1500us);
}

TEST_F(SchedulerTest, AnEstimateIsThatOfTheWarmUpUntilItIsReset) {
  EXPECT_NEAR(ToMillis(scheduler_.EstimateOf(0, 50ms).mean), 1, 0.01);
  EXPECT_FALSE(scheduler_.EstimateOf(0, 50ms).is_cold);
  scheduler_.ResetEstimate(0);
  EXPECT_EQ(scheduler_.EstimateOf(0, 50ms).mean, 0ms);
  EXPECT_TRUE(scheduler_.EstimateOf(0, 50ms).is_cold);
}

TEST_F(SchedulerTest, AnEndpointThatHasNoPolicyYetIsCold) {
  scheduler_.ResetEstimate(1);
  EXPECT_TRUE(scheduler_.EstimateOf(1, 50ms).is_cold);
  EXPECT_EQ(scheduler_.EstimateOf(1, 50ms).predicted_wait, 0ms);
  const std::vector<EndpointPolicy> policies(2);
  scheduler_.SetPolicies(policies);
  EXPECT_TRUE(scheduler_.EstimateOf(1, 50ms).is_cold);
}

TEST_F(SchedulerTest, AnEstimateTellsHowLongOneWouldWait) {
  Submit({{1}, {2}});
  ASSERT_TRUE(Take());
  EXPECT_NEAR(ToMillis(scheduler_.EstimateOf(0, 2s).predicted_wait), 2, 0.1);
  EXPECT_NEAR(ToMillis(scheduler_.EstimateOf(0, 50ms).predicted_wait), 1, 0.1);
}

TEST_F(SchedulerTest, FiguresTellWhoWaitsAndWhoWorks) {
  Submit({{1}, {2}, {3}});
  EXPECT_EQ(scheduler_.figures().waiting, 3u);
  EXPECT_EQ(scheduler_.figures().busy_workers, 0u);
  ASSERT_TRUE(Take());
  const Scheduler::Figures figures = scheduler_.figures();
  EXPECT_EQ(figures.waiting, 2u);
  EXPECT_EQ(figures.wanted_workers, 1u);
  EXPECT_EQ(figures.alive_workers, 1u);
  EXPECT_EQ(figures.busy_workers, 1u);
  EXPECT_EQ(figures.asleep_workers, 0u);
  EXPECT_EQ(figures.zombies, 0u);
}

TEST_F(SchedulerTest, ARunThatNobodyWantsAndThatGoesOnIsAZombieUntilItEnds) {
  const auto submitted = Submit({{1}, {2, 1h}});
  ASSERT_TRUE(Take());
  scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(scheduler_.figures().zombies, 0u);
  clock_.Advance(1001ms);
  EXPECT_EQ(scheduler_.figures().zombies, 1u);
  ASSERT_TRUE(Take());
  EXPECT_EQ(scheduler_.figures().zombies, 0u);
}

TEST_F(SchedulerTest, AWorkerTooManyLeavesAndStartsNothing) {
  Submit({{1}});
  scheduler_.SetWorkers(0);
  EXPECT_FALSE(Take());
  EXPECT_TRUE(slot_.assignment.empty());
  EXPECT_EQ(scheduler_.figures().alive_workers, 0u);
  EXPECT_EQ(scheduler_.figures().waiting, 1u);
}

TEST_F(SchedulerTest, TheNumberOfAWorkerThatLeftIsGivenAgain) {
  EXPECT_EQ(scheduler_.AddWorker(), worker_ + 1);
  ASSERT_FALSE(Take());
  EXPECT_EQ(scheduler_.AddWorker(), worker_);
}

TEST_F(SchedulerTest, AWorkerThatNeverCameIsTakenBack) {
  scheduler_.RemoveWorker(scheduler_.AddWorker());
  EXPECT_EQ(scheduler_.figures().alive_workers, 1u);
  Submit({{1}});
  EXPECT_TRUE(Take());
}

}  // namespace
}  // namespace baton::serve
