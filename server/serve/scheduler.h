// Who runs next: one lock around the deadline queue, shared by all conductors and workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/admission.h"
#include "server/serve/deadline_queue.h"

namespace baton::serve {

// Where a withdrawn ticket was.
struct Withdrawal {
  enum class Where { kWaiting, kRunning, kGone };
  Where where = Where::kGone;
  SteadyTime started;  // kRunning
};

// What a worker tells of a ticket it ran.
struct RunSample {
  const Endpoint* endpoint;
  Duration run_time;
};

// A worker's account with the scheduler.
struct WorkerSlot {
  std::vector<std::unique_ptr<Ticket>> batch;  // to run, in this order
  std::vector<std::unique_ptr<Ticket>> shed;   // replied to already (expired); to deliver first
  std::vector<RunSample> samples;              // of the last batch
};

// Conductors submit the tickets of a turn under one lock; a worker is woken only when one sleeps. A
// worker that comes back takes the earliest ticket that is not yet due, and with it as many more as
// its share of the queue allows and as are known to be short (kQuantum in all): several answers,
// one wake-up.
//
// Threads: any.
// Invariant: no worker sleeps while a ticket waits.
class Scheduler {
 public:
  struct Options {
    AdmissionLimits admission;
    Duration quantum = 50us;  // tickets taken together run no longer than this by their means
    std::size_t max_taken_body_bytes = 4096;  // larger bodies run alone: a mean says little of them
    std::size_t max_taken = 16;               // nor are they more
  };

  Scheduler(const Clock& clock, const Options& options, std::size_t endpoints);
  ~Scheduler();

  // Conductors.
  struct Submitted {
    Decision decision;
    DeadlineQueue::Handle handle;  // when admitted
  };
  // Takes the tickets over; `results[i]` tells of `tickets[i]`. A refused ticket is destroyed.
  void Submit(std::span<std::unique_ptr<Ticket>> tickets, std::vector<Submitted>& results)
      BATON_EXCLUDES(mutex_);
  // Its answer is decided: it must not start any more.
  Withdrawal Withdraw(DeadlineQueue::Handle handle, RequestId id) BATON_EXCLUDES(mutex_);
  // No worker has taken it yet.
  bool IsWaiting(DeadlineQueue::Handle handle) const BATON_EXCLUDES(mutex_);
  void BeginDrain() BATON_EXCLUDES(mutex_);

  // Workers. Blocks until there is something in slot.batch or slot.shed; false: this worker is to
  // end.
  bool Take(std::size_t worker, WorkerSlot& slot) BATON_EXCLUDES(mutex_);

  // The pool: how many workers there shall be, and the number of a new one. Those above leave Take
  // with false.
  void SetWorkers(std::size_t wanted) BATON_EXCLUDES(mutex_);
  std::size_t AddWorker() BATON_EXCLUDES(mutex_);
  // For a worker that never came to Take.
  void RemoveWorker(std::size_t worker) BATON_EXCLUDES(mutex_);

  struct Figures {
    std::size_t waiting = 0;
    std::size_t wanted_workers = 0, alive_workers = 0, busy_workers = 0;
    std::size_t asleep_workers = 0;  // in Take with nothing to do
  };
  Figures figures() const BATON_EXCLUDES(mutex_);
  Duration quantum() const { return options_.quantum; }
  std::size_t waiting_limit() const { return options_.admission.max_waiting; }

 private:
  struct MeanRunTime {
    double seconds = 0;
    double samples = 0;
  };
  struct Running {
    std::vector<RequestId> ids;
    SteadyTime since;
    bool is_alive = false;
  };

  void Learn(std::span<const RunSample> samples) BATON_REQUIRES(mutex_);
  void ShedExpired(SteadyTime now, WorkerSlot& slot) BATON_REQUIRES(mutex_);
  void TakeBatch(SteadyTime now, std::size_t worker, WorkerSlot& slot) BATON_REQUIRES(mutex_);

  // Set once.
  const Clock& clock_;
  const Options options_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  CondVar work_;
  DeadlineQueue queue_ BATON_GUARDED_BY(mutex_);
  std::vector<MeanRunTime> means_ BATON_GUARDED_BY(mutex_);  // by endpoint index
  std::vector<Running> running_ BATON_GUARDED_BY(mutex_);    // by worker
  std::size_t wanted_ BATON_GUARDED_BY(mutex_) = 0;
  std::size_t alive_ BATON_GUARDED_BY(mutex_) = 0;
  std::size_t asleep_ BATON_GUARDED_BY(mutex_) = 0;
  bool is_draining_ BATON_GUARDED_BY(mutex_) = false;
};

}  // namespace baton::serve
