// One worker's round: run what was assigned, reply, deliver.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "server/base/clock.h"
#include "server/metrics/registry.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"

namespace baton::serve {

struct PoolMetrics {
  metrics::Counter busy_seconds;
  metrics::Counter tasks;
};

// Threads: its own.
class Worker {
 public:
  // Everything outlives it.
  struct Parts {
    const PendingResponses& pending;
    const Clock& clock;
    const PoolMetrics& metrics;
    Scheduler& scheduler;
  };
  Worker(const Parts& parts, metrics::Shard& shard) : parts_(parts), shard_(shard) {}

  // Delivers what was shed, runs the rest, and leaves what it learned in slot.samples.
  void Work(WorkerSlot& slot);

 private:
  void RunOneByOne(WorkerSlot& slot);
  void RunBatch(WorkerSlot& slot);
  bool IsWanted(const Ticket& ticket, SteadyTime now) const;
  void GiveUp(Ticket& ticket, SteadyTime now) const;
  void Account(WorkerSlot& slot, const RunSample& sample);
  void CountRun(const Endpoint& endpoint, std::size_t ran);

  const Parts parts_;
  metrics::Shard& shard_;
  std::vector<Completion> completions_;
};

}  // namespace baton::serve
