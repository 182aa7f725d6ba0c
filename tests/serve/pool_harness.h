// A worker pool with everything around it, as a conductor would see it. Everybody is let in.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/serve/worker_pool.h"
#include "tests/support/fake_serve.h"

namespace baton::serve {

// Threads: the test's, but for what its parts allow.
template <typename PoolClock>
class PoolHarness {
 public:
  PoolHarness()
      : pending_(1'000'000),
        scheduler_(clock_, {.policy = SchedulingPolicy::kEdf, .limits = {}}, endpoints_.size()),
        pool_(scheduler_, pending_, clock_, registry_, metrics_) {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
  }

  struct Sent {
    RequestId id;
    ReadyLanes::Handle handle;
  };
  Sent Submit(const Handler& handler, Duration budget = 1h, std::size_t endpoint = 0,
              CompletionSink* sink = nullptr) {
    const std::uint64_t id = ++last_id_;
    std::array<std::unique_ptr<Ticket>, 1> tickets = {
        testing_support::MakeTicket(id, endpoints_[endpoint], clock_.Now() + budget)};
    Ticket& ticket = *tickets[0];
    ticket.handler = &handler;
    ticket.deadline = Deadline(clock_.Now(), budget);
    ticket.admitted = clock_.Now();
    ticket.sink = sink != nullptr ? sink : &sink_;
    EXPECT_TRUE(pending_.Add(ticket.id, {ticket.promise.future(), ticket.deadline, 0}));
    std::vector<Scheduler::Submitted> results;
    scheduler_.Submit(tickets, results);
    EXPECT_TRUE(results[0].decision.admit);
    return {RequestId{id}, results[0].handle};
  }
  // The reply to `id`, claimed as a conductor does once its completion has come.
  Reply Claim(RequestId id) {
    std::optional<PendingResponse> entry = pending_.Claim(id);
    EXPECT_TRUE(entry.has_value());
    return entry->future.Take();
  }
  // Submits, waits for the completion and claims it.
  Reply Run(const Handler& handler, Duration budget = 1h) {
    const RequestId id = Submit(handler, budget).id;
    sink_.WaitForCompletionOf(id);
    return Claim(id);
  }

  PoolClock& clock() { return clock_; }
  metrics::Registry& registry() { return registry_; }
  const PoolMetrics& metrics() const { return metrics_; }
  testing_support::RecordingSink& sink() { return sink_; }
  PendingResponses& pending() { return pending_; }
  Scheduler& scheduler() { return scheduler_; }
  WorkerPool& pool() { return pool_; }

 private:
  PoolClock clock_;
  metrics::Registry registry_;
  PoolMetrics metrics_{registry_.AddCounter("baton_busy_seconds_total", "Busy."),
                       registry_.AddCounter("baton_tasks_total", "Tasks.")};
  testing_support::RecordingSink sink_;
  std::array<Endpoint, 2> endpoints_;
  PendingResponses pending_;
  Scheduler scheduler_;
  WorkerPool pool_;
  std::uint64_t last_id_ = 0;
};

}  // namespace baton::serve
