// The bounded threads that run models and handlers.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"
#include "server/serve/worker.h"

namespace baton::serve {

// Threads: Resize, Stop and size from any thread, one at a time each; none of them waits for a
// running model, but for the destructor.
class WorkerPool {
 public:
  static constexpr int kSmallest = 1;
  static constexpr int kLargest = 1024;

  WorkerPool(Scheduler& scheduler, const PendingResponses& pending, const Clock& clock,
             metrics::Registry& registry, const PoolMetrics& pool_metrics);
  // Stops and joins.
  ~WorkerPool();

  // kInvalidArgument outside the limits.
  static Status CheckSize(int size);

  // Grows at once; shrinks by letting workers finish what they run. Errors: as CheckSize;
  // kResourceExhausted when the system gives no more threads (the size is then what could be had).
  Status Resize(int size) BATON_EXCLUDES(mutex_);
  int size() const BATON_EXCLUDES(mutex_);
  // As many workers more than size() while others are stuck in runs that nobody waits for. Where
  // the system gives no more threads, that is all there is.
  void Replace(int stuck) BATON_EXCLUDES(mutex_);

  // No worker starts another ticket.
  void Stop() BATON_EXCLUDES(mutex_);

 private:
  struct Thread {
    std::jthread thread;
    std::shared_ptr<std::atomic<bool>> has_ended;
  };

  Status StartUpTo(int wanted) BATON_REQUIRES(mutex_);
  void RunWorker(std::size_t number) const;
  Status StartThread(std::size_t worker) BATON_REQUIRES(mutex_);
  void JoinEnded() BATON_REQUIRES(mutex_);

  // Set once.
  Scheduler& scheduler_;
  const PendingResponses& pending_;
  const Clock& clock_;
  metrics::Registry& registry_;
  const PoolMetrics metrics_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  int size_ BATON_GUARDED_BY(mutex_) = 0;
  int replacements_ BATON_GUARDED_BY(mutex_) = 0;
  bool is_stopped_ BATON_GUARDED_BY(mutex_) = false;
  std::list<Thread> threads_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::serve
