// Submission, withdrawal and dispatch under a clock that stands still, on the test's own thread.
#include "server/serve/scheduler.h"

#include <array>
#include <future>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
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

constexpr std::size_t kShort = 0;  // endpoints
constexpr std::size_t kOther = 1;

std::vector<std::uint64_t> Ids(const std::vector<std::unique_ptr<Ticket>>& tickets) {
  std::vector<std::uint64_t> ids;
  for (const std::unique_ptr<Ticket>& ticket : tickets) ids.push_back(IdOf(*ticket));
  return ids;
}

class SchedulerTest : public testing::Test {
 protected:
  explicit SchedulerTest(const Scheduler::Options& options = {.admission = {}})
      : scheduler_(clock_, options, endpoints_.size()) {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
    scheduler_.SetWorkers(1);
    worker_ = scheduler_.AddWorker();
  }

  struct Wish {
    std::uint64_t id;
    Duration due;
    std::size_t endpoint = kShort;
    std::size_t body_bytes = 0;
  };
  // All under one lock, as a conductor does.
  std::vector<Scheduler::Submitted> Submit(const std::vector<Wish>& wishes) {
    std::vector<std::unique_ptr<Ticket>> tickets;
    for (const Wish& wish : wishes) {
      tickets.push_back(
          MakeTicket(wish.id, endpoints_[wish.endpoint], clock_.Now() + wish.due, wish.body_bytes));
      futures_[wish.id] = tickets.back()->promise.get_future();
    }
    std::vector<Scheduler::Submitted> results;
    scheduler_.Submit(tickets, results);
    return results;
  }
  void SubmitMany(std::uint64_t count, Duration due = 1s) {
    std::vector<Wish> wishes;
    for (std::uint64_t id = 1; id <= count; ++id) wishes.push_back({id, due});
    Submit(wishes);
  }
  // Requires: something to take.
  bool Take() { return scheduler_.Take(worker_, slot_); }
  void Ran(std::size_t endpoint, Duration run_time) {
    slot_.samples.push_back({&endpoints_[endpoint], run_time});
  }
  bool HasReply(std::uint64_t id) { return futures_[id].wait_for(0s) == std::future_status::ready; }

  ManualClock clock_;
  std::array<Endpoint, 2> endpoints_;
  Scheduler scheduler_;
  std::size_t worker_ = 0;
  WorkerSlot slot_;
  std::map<std::uint64_t, std::future<Reply>> futures_;
};

TEST_F(SchedulerTest, TheEarliestDeadlineRunsFirst) {
  Submit({{1, 30ms}, {2, 10ms}, {3, 20ms}});
  for (const std::uint64_t id : {2u, 3u, 1u}) {
    ASSERT_TRUE(Take());
    EXPECT_THAT(Ids(slot_.batch), ElementsAre(id));
  }
}

TEST_F(SchedulerTest, EqualDeadlinesRunInOrderOfArrival) {
  Submit({{1, 10ms}, {2, 10ms}});
  Submit({{3, 10ms}});
  for (const std::uint64_t id : {1u, 2u, 3u}) {
    ASSERT_TRUE(Take());
    EXPECT_THAT(Ids(slot_.batch), ElementsAre(id));
  }
}

TEST_F(SchedulerTest, TicketsOfUnknownRunTimeAreTakenSingly) {
  SubmitMany(3);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
}

TEST_F(SchedulerTest, ShortOnesAreTakenTogetherUpToTheQuantum) {
  SubmitMany(10);
  Ran(kShort, 12us);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1, 2, 3, 4));  // 48 of 50 us
}

TEST_F(SchedulerTest, VeryShortOnesAreTakenTogetherUpToTheMost) {
  SubmitMany(40);
  Ran(kShort, 1us);
  ASSERT_TRUE(Take());
  EXPECT_EQ(slot_.batch.size(), 16u);
}

TEST_F(SchedulerTest, LargeBodiesAreTakenSinglyHoweverShortTheMean) {
  Submit({{1, 1s}, {2, 2s, kShort, 4097}, {3, 3s, kShort, 4096}, {4, 4s}});
  Ran(kShort, 1us);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(2));
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(3, 4));
}

TEST_F(SchedulerTest, ATicketWaitsUntilAWorkerTakesIt) {
  const auto submitted = Submit({{1, 1s}, {2, 2s}});
  EXPECT_TRUE(scheduler_.IsWaiting(submitted[0].handle));
  ASSERT_TRUE(Take());
  EXPECT_FALSE(scheduler_.IsWaiting(submitted[0].handle));
  EXPECT_TRUE(scheduler_.IsWaiting(submitted[1].handle));
}

TEST_F(SchedulerTest, LongOnesAreTakenSingly) {
  SubmitMany(3);
  Ran(kShort, 60us);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
}

TEST_F(SchedulerTest, ATicketOfUnknownRunTimeEndsTheBatchBeforeIt) {
  Submit({{1, 10ms}, {2, 20ms}, {3, 30ms, kOther}, {4, 40ms}});
  Ran(kShort, 1us);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1, 2));
}

TEST_F(SchedulerTest, RunTimesAreKeptApartByEndpoint) {
  Submit({{1, 10ms, kOther}, {2, 20ms, kOther}});
  Ran(kShort, 1us);
  Ran(kOther, 1ms);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
}

TEST_F(SchedulerTest, TheMeanFollowsWhatRunTimesBecome) {
  SubmitMany(3);
  Ran(kShort, 1us);
  for (int i = 0; i < 200; ++i) Ran(kShort, 1ms);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
}

TEST_F(SchedulerTest, ExpiredTicketsAreShedAndTheNextOneRuns) {
  Submit({{1, 10ms}, {2, 11ms}, {3, 30ms}});
  clock_.Advance(11ms);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.shed), ElementsAre(1, 2));
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(3));
}

TEST_F(SchedulerTest, WhatIsShedHasItsReplyAtOnce) {
  Submit({{1, 10ms}});
  clock_.Advance(10ms);
  ASSERT_TRUE(Take());
  ASSERT_TRUE(HasReply(1));
  const Reply reply = futures_[1].get();
  EXPECT_EQ(reply.answer, Answer::kTimeout);
  EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
  EXPECT_EQ(reply.started, SteadyTime());
  EXPECT_EQ(reply.finished, clock_.Now());
}

TEST_F(SchedulerTest, AWithdrawnTicketThatWaitedIsNeverTaken) {
  const auto submitted = Submit({{1, 10ms}, {2, 20ms}});
  const Withdrawal withdrawal = scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(withdrawal.where, Withdrawal::Where::kWaiting);
  EXPECT_EQ(endpoints_[kShort].waiting, 1);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(2));
}

TEST_F(SchedulerTest, AWithdrawnTicketThatRunsTellsSinceWhen) {
  const auto submitted = Submit({{1, 10ms}});
  clock_.Advance(2ms);
  ASSERT_TRUE(Take());
  clock_.Advance(3ms);
  const Withdrawal withdrawal = scheduler_.Withdraw(submitted[0].handle, RequestId{1});
  EXPECT_EQ(withdrawal.where, Withdrawal::Where::kRunning);
  EXPECT_EQ(withdrawal.started, clock_.Now() - 3ms);
}

TEST_F(SchedulerTest, ATicketThatHasRunIsGone) {
  const auto submitted = Submit({{1, 10ms}, {2, 20ms}});
  ASSERT_TRUE(Take());
  ASSERT_TRUE(Take());
  EXPECT_EQ(scheduler_.Withdraw(submitted[0].handle, RequestId{1}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, ATicketThatWasShedIsGone) {
  const auto submitted = Submit({{1, 10ms}});
  clock_.Advance(20ms);
  ASSERT_TRUE(Take());
  EXPECT_EQ(scheduler_.Withdraw(submitted[0].handle, RequestId{1}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, WhatWasNeverSubmittedIsGone) {
  EXPECT_EQ(scheduler_.Withdraw({}, RequestId{9}).where, Withdrawal::Where::kGone);
}

TEST_F(SchedulerTest, ATicketWithNothingLeftOfItsBudgetIsNotAdmitted) {
  const auto submitted = Submit({{1, 0ms}});
  EXPECT_FALSE(submitted[0].decision.admit);
  EXPECT_EQ(submitted[0].decision.cause, Cause::kExpiredInQueue);
}

TEST_F(SchedulerTest, WhileDrainingEverythingNewIsRefusedAndTheRestRuns) {
  Submit({{1, 10ms}});
  scheduler_.BeginDrain();
  const auto submitted = Submit({{2, 10ms}});
  EXPECT_FALSE(submitted[0].decision.admit);
  EXPECT_EQ(submitted[0].decision.answer, Answer::kRefused);
  EXPECT_EQ(submitted[0].decision.cause, Cause::kDraining);
  ASSERT_TRUE(Take());
  EXPECT_THAT(Ids(slot_.batch), ElementsAre(1));
}

TEST_F(SchedulerTest, FiguresTellWhoWaitsAndWhoWorks) {
  SubmitMany(3);
  EXPECT_EQ(scheduler_.figures().waiting, 3u);
  EXPECT_EQ(scheduler_.figures().busy_workers, 0u);
  ASSERT_TRUE(Take());
  const Scheduler::Figures figures = scheduler_.figures();
  EXPECT_EQ(figures.waiting, 2u);
  EXPECT_EQ(figures.wanted_workers, 1u);
  EXPECT_EQ(figures.alive_workers, 1u);
  EXPECT_EQ(figures.busy_workers, 1u);
  EXPECT_EQ(figures.asleep_workers, 0u);
}

TEST_F(SchedulerTest, AWorkerTooManyLeavesAndStartsNothing) {
  SubmitMany(1);
  scheduler_.SetWorkers(0);
  EXPECT_FALSE(Take());
  EXPECT_THAT(slot_.batch, IsEmpty());
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
  SubmitMany(1);
  EXPECT_TRUE(Take());
}

class CappedSchedulerTest : public SchedulerTest {
 protected:
  CappedSchedulerTest()
      : SchedulerTest({.admission = {.max_waiting = 2, .max_waiting_bytes = 100}}) {}
};

TEST_F(CappedSchedulerTest, BeyondTheCapOnTicketsTheAnswerIsQueueFull) {
  const auto submitted = Submit({{1, 10ms}, {2, 10ms}, {3, 10ms}});
  EXPECT_TRUE(submitted[0].decision.admit);
  EXPECT_TRUE(submitted[1].decision.admit);
  EXPECT_FALSE(submitted[2].decision.admit);
  EXPECT_EQ(submitted[2].decision.answer, Answer::kRefused);
  EXPECT_EQ(submitted[2].decision.cause, Cause::kQueueFull);
  EXPECT_EQ(scheduler_.figures().waiting, 2u);
}

TEST_F(CappedSchedulerTest, BeyondTheCapOnBytesTheAnswerIsQueueFullForThatOneOnly) {
  const auto submitted =
      Submit({{1, 10ms, kShort, 60}, {2, 10ms, kShort, 41}, {3, 10ms, kShort, 40}});
  EXPECT_TRUE(submitted[0].decision.admit);
  EXPECT_EQ(submitted[1].decision.cause, Cause::kQueueFull);
  EXPECT_TRUE(submitted[2].decision.admit);
}

TEST_F(CappedSchedulerTest, ATicketThatIsTakenMakesRoom) {
  SubmitMany(2);
  ASSERT_TRUE(Take());
  EXPECT_TRUE(Submit({{9, 10ms}})[0].decision.admit);
}

TEST_F(CappedSchedulerTest, ARefusedTicketIsDestroyedAndTheOthersRun) {
  SubmitMany(3);
  EXPECT_THROW(futures_[3].get(), std::future_error);
  EXPECT_FALSE(HasReply(1));
  EXPECT_EQ(endpoints_[kShort].waiting, 2);
}

}  // namespace
}  // namespace baton::serve
