// Workers that sleep in Take: how they share, and that no ticket waits while one sleeps.
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/serve/scheduler.h"
#include "tests/support/fake_serve.h"
#include "tests/support/wait_until.h"

namespace baton::serve {
namespace {

using testing_support::IdOf;
using testing_support::MakeTicket;
using testing_support::WaitUntil;

class SchedulerThreadsTest : public testing::Test {
 protected:
  SchedulerThreadsTest()
      : scheduler_(clock_, {.policy = SchedulingPolicy::kEdf, .limits = {}}, endpoints_.size()) {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
  }

  // Sends its workers home at the end of its scope: before what they use goes.
  class Workers {
   public:
    explicit Workers(Scheduler& scheduler) : scheduler_(scheduler) {}
    ~Workers() { scheduler_.SetWorkers(0); }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // `run` gets each slot with something in it.
    template <typename Run>
    void Start(std::size_t count, Run run) {
      scheduler_.SetWorkers(count);
      for (std::size_t i = 0; i < count; ++i) {
        threads_.emplace_back([this, run, worker = scheduler_.AddWorker()] {
          WorkerSlot slot;
          while (scheduler_.Take(worker, slot)) run(slot);
        });
      }
    }

   private:
    Scheduler& scheduler_;
    std::vector<std::jthread> threads_;
  };

  void WaitUntilAsleep(std::size_t count) {
    WaitUntil([&] { return scheduler_.figures().asleep_workers == count; });
  }
  void Submit(std::uint64_t first_id, std::size_t count, std::size_t endpoint = 0) {
    std::vector<std::unique_ptr<Ticket>> tickets;
    for (std::size_t i = 0; i < count; ++i) {
      tickets.push_back(MakeTicket(first_id + i, endpoints_[endpoint], clock_.Now() + 1h));
    }
    std::vector<Scheduler::Submitted> results;
    scheduler_.Submit(tickets, results);
    for (const Scheduler::Submitted& submitted : results) EXPECT_TRUE(submitted.decision.admit);
  }

  SystemClock clock_;
  std::array<Endpoint, 2> endpoints_;
  Scheduler scheduler_;
};

TEST_F(SchedulerThreadsTest, TwoIdleWorkersSplitWhatComesIn) {
  std::atomic<std::size_t> taken{0};
  std::atomic<std::size_t> largest{0};
  Workers workers(scheduler_);
  workers.Start(2, [&](WorkerSlot& slot) {
    if (slot.assignment.tickets.size() > largest) largest = slot.assignment.tickets.size();
    taken += slot.assignment.tickets.size();
    slot.samples.push_back({0, 1us, 1, RunSample::End::kWhole});
    WaitUntil(
        [&] { return taken == 1 || taken == 5; });  // neither comes back for the other's share
  });
  WaitUntilAsleep(2);
  Submit(1, 1);  // makes the run time known
  WaitUntil([&] { return taken == 1; });
  WaitUntilAsleep(2);
  Submit(2, 4);
  WaitUntil([&] { return taken == 5; });
  EXPECT_EQ(largest, 2u);
}

TEST_F(SchedulerThreadsTest, ASleepingWorkerIsWokenForEveryTicket) {
  std::atomic<std::uint64_t> taken{0};
  Workers workers(scheduler_);
  workers.Start(1, [&](const WorkerSlot& slot) { taken += slot.assignment.tickets.size(); });
  for (std::uint64_t id = 1; id <= 500; ++id) {
    Submit(id, 1);
    WaitUntil([&] { return taken == id; });  // and back to sleep, or not yet
  }
}

TEST_F(SchedulerThreadsTest, AllSleepingWorkersAreWokenForAsManyTickets) {
  constexpr std::size_t kWorkers = 4;
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> goal{0};
  Workers workers(scheduler_);
  workers.Start(kWorkers, [&](const WorkerSlot& slot) {
    taken += slot.assignment.tickets.size();
    WaitUntil([&] { return taken >= goal; });  // holds its worker until the others have come too
  });
  for (std::uint64_t round = 1; round <= 100; ++round) {
    WaitUntilAsleep(kWorkers);
    goal += kWorkers;
    Submit(round * kWorkers, kWorkers);
    WaitUntil([&] { return taken == goal; });
  }
}

TEST_F(SchedulerThreadsTest, OfThousandsFromSeveralConductorsEachIsTakenExactlyOnce) {
  constexpr std::size_t kConductors = 2;
  constexpr std::size_t kTickets = 3000;  // of each
  std::vector<std::atomic<int>> times(kConductors * kTickets);
  std::atomic<std::size_t> taken{0};
  Workers workers(scheduler_);
  workers.Start(4, [&](WorkerSlot& slot) {
    for (const std::unique_ptr<Ticket>& ticket : slot.assignment.tickets) {
      ++times[IdOf(*ticket)];
      slot.samples.push_back({0, 1us, 1, RunSample::End::kWhole});
      ++taken;
    }
  });
  {
    std::vector<std::jthread> conductors;
    for (std::size_t c = 0; c < kConductors; ++c) {
      conductors.emplace_back([&, c] {
        for (std::size_t i = 0; i < kTickets; i += 3) Submit(c * kTickets + i, 3);
      });
    }
  }
  WaitUntil([&] { return taken == times.size(); });
  for (const std::atomic<int>& count : times) ASSERT_EQ(count, 1);
  EXPECT_EQ(endpoints_[0].waiting, 0);
}

TEST_F(SchedulerThreadsTest, WhatIsWithdrawnIsNeverTakenAndTheRestIs) {
  constexpr std::uint64_t kTickets = 3000;
  std::vector<std::atomic<int>> times(kTickets);
  std::atomic<std::size_t> ended{0};
  Workers workers(scheduler_);
  workers.Start(2, [&](const WorkerSlot& slot) {
    for (const std::unique_ptr<Ticket>& ticket : slot.assignment.tickets) {
      ++times[IdOf(*ticket)];
      ++ended;
    }
  });
  for (std::uint64_t id = 0; id < kTickets; ++id) {
    std::array<std::unique_ptr<Ticket>, 1> tickets = {
        MakeTicket(id, endpoints_[0], clock_.Now() + 1h)};
    std::vector<Scheduler::Submitted> results;
    scheduler_.Submit(tickets, results);
    const Withdrawal withdrawal = scheduler_.Withdraw(results[0].handle, RequestId{id});
    if (withdrawal.where != Withdrawal::Where::kWaiting) continue;
    times[id] += 1;  // as the one that took it out
    ++ended;
  }
  WaitUntil([&] { return ended == kTickets; });
  for (const std::atomic<int>& count : times) ASSERT_EQ(count, 1);
}

// The endpoint may hold one worker; whoever returns it takes what is more urgent, so that the other
// one has to be woken for the next of the endpoint.
TEST_F(SchedulerThreadsTest, ASleepingWorkerIsWokenWhenAShareIsFreed) {
  std::vector<EndpointPolicy> policies(2);
  policies[0].max_workers = 1;
  scheduler_.SetPolicies(policies);
  std::atomic<std::size_t> taken{0};
  std::atomic<bool> may_end{false};
  Workers workers(scheduler_);
  workers.Start(2, [&](const WorkerSlot& slot) {
    if (++taken == 1) WaitUntil([&] { return may_end.load(); });
    // Whoever has the urgent one keeps it until the last one has come to the other worker.
    if (IdOf(*slot.assignment.tickets[0]) == 3) WaitUntil([&] { return taken == 3; });
  });
  Submit(1, 1);
  WaitUntil([&] { return taken == 1; });
  Submit(2, 1);
  WaitUntilAsleep(1);
  std::array<std::unique_ptr<Ticket>, 1> urgent = {
      MakeTicket(3, endpoints_[1], clock_.Now() + 30min)};
  std::vector<Scheduler::Submitted> results;
  scheduler_.Submit(urgent, results);
  may_end = true;
  WaitUntil([&] { return taken == 3; });
}

TEST_F(SchedulerThreadsTest, ALargerShareIsTakenUpAtOnce) {
  std::vector<EndpointPolicy> policies(2);
  policies[0].max_workers = 1;
  scheduler_.SetPolicies(policies);
  std::atomic<std::size_t> taken{0};
  Workers workers(scheduler_);
  workers.Start(2, [&](const WorkerSlot& /*slot*/) {
    ++taken;
    WaitUntil([&] { return taken == 2; });
  });
  Submit(1, 2);
  WaitUntil([&] { return taken == 1; });
  WaitUntilAsleep(1);
  policies[0].max_workers = 2;
  scheduler_.SetPolicies(policies);
  WaitUntil([&] { return taken == 2; });
}

TEST_F(SchedulerThreadsTest, SleepingWorkersLeaveWhenTheyAreTooMany) {
  Workers workers(scheduler_);
  workers.Start(3, [](const WorkerSlot& /*slot*/) {});
  WaitUntilAsleep(3);
  scheduler_.SetWorkers(1);
  WaitUntil([&] { return scheduler_.figures().alive_workers == 1; });
  WaitUntilAsleep(1);
}

}  // namespace
}  // namespace baton::serve
