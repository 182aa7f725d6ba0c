// Who runs next: one lock around the dispatcher, shared by all conductors and workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/dispatcher.h"

namespace baton::serve {

// Where a withdrawn ticket was.
struct Withdrawal {
  enum class Where { kWaiting, kRunning, kGone };
  Where where = Where::kGone;
  SteadyTime started;              // kRunning
  std::unique_ptr<Ticket> ticket;  // kWaiting
};

// A worker's account with the scheduler.
struct WorkerSlot {
  Assignment assignment;           // to run, after what was shed has been delivered
  std::vector<RunSample> samples;  // of the last assignment
  bool is_returning = false;       // its last answers are on their way: it is as good as idle
};

// Conductors submit the tickets of a turn under one lock; a worker is woken only when one sleeps.
// What is decided is the dispatcher's.
//
// Threads: any.
// Invariant: no worker sleeps while a ticket is startable.
class Scheduler {
 public:
  using Options = Dispatcher::Options;
  using Submitted = Dispatcher::Submitted;

  Scheduler(const Clock& clock, const Options& options, std::size_t endpoints);
  ~Scheduler();

  // Conductors.
  // Takes the tickets over; `results[i]` tells of `tickets[i]`. A refused ticket stays where it
  // was.
  void Submit(std::span<std::unique_ptr<Ticket>> tickets, std::vector<Submitted>& results)
      BATON_EXCLUDES(mutex_);
  // Its answer is decided: it does not start any more, and is asked to stop if it runs.
  Withdrawal Withdraw(ReadyLanes::Handle handle, RequestId id) BATON_EXCLUDES(mutex_);
  // By when it has to be running, by what is known now; empty once a worker has taken it.
  std::optional<SteadyTime> LatestStart(ReadyLanes::Handle handle) const BATON_EXCLUDES(mutex_);
  void BeginDrain() BATON_EXCLUDES(mutex_);

  // Workers. Its last answers are about to leave: whoever asks next, having them, finds it idle.
  void NoteReturning(WorkerSlot& slot) {
    slot.is_returning = true;
    returning_.fetch_add(1, std::memory_order_relaxed);
  }
  // Blocks until there is something in slot.assignment; false: this worker is to end.
  bool Take(std::size_t worker, WorkerSlot& slot) BATON_EXCLUDES(mutex_);

  // The pool: how many workers there shall be, and the number of a new one. Those above leave Take
  // with false.
  void SetWorkers(std::size_t wanted) BATON_EXCLUDES(mutex_);
  std::size_t AddWorker() BATON_EXCLUDES(mutex_);
  // For a worker that never came to Take.
  void RemoveWorker(std::size_t worker) BATON_EXCLUDES(mutex_);

  // The operator's.
  void SetPolicies(std::span<const EndpointPolicy> policies) BATON_EXCLUDES(mutex_);
  // For those who come from now on; who waits goes on waiting.
  void SetLimits(const AdmissionLimits& limits) BATON_EXCLUDES(mutex_);
  // What runs at load took: `single` of one request each, `full` of batches of the largest size.
  void Warm(std::uint32_t endpoint, std::span<const Duration> single,
            std::span<const Duration> full, bool is_steady) BATON_EXCLUDES(mutex_);
  void ResetEstimate(std::uint32_t endpoint) BATON_EXCLUDES(mutex_);

  struct Figures {
    std::size_t waiting = 0;
    std::size_t wanted_workers = 0, alive_workers = 0, busy_workers = 0;
    std::size_t asleep_workers = 0;  // in Take with nothing to do
    std::size_t zombies = 0;         // run what nobody wants, far beyond what it is known to take
  };
  Figures figures() const BATON_EXCLUDES(mutex_);
  // How long what runs now has run from `from` to `now`, on all workers together.
  Duration RanWithin(SteadyTime from, SteadyTime now) const BATON_EXCLUDES(mutex_);
  struct Estimate {
    Duration mean{}, q50{}, q95{}, q99{};
    Duration predicted_wait{};  // of a request with `budget` that came now
    std::uint64_t samples = 0;
    bool is_cold = true;
  };
  // Cold where the endpoint is new and no policy has come for it yet.
  Estimate EstimateOf(std::uint32_t endpoint, Duration budget) BATON_EXCLUDES(mutex_);
  Duration quantum() const { return options_.quantum; }
  std::size_t waiting_limit() const { return waiting_limit_.load(std::memory_order_relaxed); }

 private:
  // Set once.
  const Clock& clock_;
  const Options options_;

  // Any thread (atomic).
  std::atomic<std::size_t> returning_{0};
  std::atomic<std::size_t> waiting_limit_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  CondVar work_;
  Dispatcher dispatcher_ BATON_GUARDED_BY(mutex_);
  std::size_t wanted_ BATON_GUARDED_BY(mutex_) = 0;
  std::size_t asleep_ BATON_GUARDED_BY(mutex_) = 0;
};

}  // namespace baton::serve
