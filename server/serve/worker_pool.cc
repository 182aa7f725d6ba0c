// How many workers there are.
#include "server/serve/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <utility>

#include "server/base/thread_name.h"
#include "server/base/thread_priority.h"

namespace baton::serve {
namespace {

// Where cores are scarce, answers go before runs: see docs/decisions/0010.
constexpr int kNicer = 10;

}  // namespace

WorkerPool::WorkerPool(Scheduler& scheduler, const PendingResponses& pending, const Clock& clock,
                       metrics::Registry& registry, const PoolMetrics& pool_metrics)
    : scheduler_(scheduler),
      pending_(pending),
      clock_(clock),
      registry_(registry),
      metrics_(pool_metrics) {}

WorkerPool::~WorkerPool() {
  Stop();
  MutexLock lock(mutex_);
  threads_.clear();  // joins
}

Status WorkerPool::CheckSize(int size) {
  if (size >= kSmallest && size <= kLargest) return {};
  const std::string allowed = std::to_string(kSmallest) + " to " + std::to_string(kLargest);
  const std::string got = std::to_string(size);
  return tl::unexpected<Error>(Error{ErrorCode::kInvalidArgument,
                                     "size is " + got + ", expected " + allowed, "size", allowed,
                                     got});
}

Status WorkerPool::Resize(int size) {
  const Status checked = CheckSize(size);
  if (!checked) return checked;
  MutexLock lock(mutex_);
  JoinEnded();
  size_ = size;
  is_stopped_ = false;
  const Status started = StartUpTo(size_ + replacements_);
  if (!started) {
    size_ = std::max(0, static_cast<int>(scheduler_.figures().alive_workers) - replacements_);
    const int left = size_ + replacements_;
    scheduler_.SetWorkers(static_cast<std::size_t>(left));
  }
  return started;
}

void WorkerPool::Replace(int stuck) {
  MutexLock lock(mutex_);
  if (stuck == replacements_ || is_stopped_) return;
  JoinEnded();
  replacements_ = stuck;
  // Without more threads the server goes on with those it has.
  static_cast<void>(StartUpTo(size_ + replacements_));
}

Status WorkerPool::StartUpTo(int wanted) {
  scheduler_.SetWorkers(static_cast<std::size_t>(wanted));
  while (scheduler_.figures().alive_workers < static_cast<std::size_t>(wanted)) {
    const std::size_t worker = scheduler_.AddWorker();
    const Status started = StartThread(worker);
    if (!started) {
      scheduler_.RemoveWorker(worker);
      return started;
    }
  }
  return {};
}

Status WorkerPool::StartThread(std::size_t worker) {
  auto has_ended = std::make_shared<std::atomic<bool>>(false);
  try {
    threads_.push_back({std::jthread([this, worker, has_ended] {
                          RunWorker(worker);
                          *has_ended = true;
                        }),
                        has_ended});
    return {};
  } catch (const std::system_error& failure) {
    return Fail(ErrorCode::kResourceExhausted,
                std::string("the system gives no more threads: ") + failure.what(), "size");
  }
}

int WorkerPool::size() const {
  MutexLock lock(mutex_);
  return size_;
}

void WorkerPool::Stop() {
  MutexLock lock(mutex_);
  is_stopped_ = true;
  scheduler_.SetWorkers(0);
}

void WorkerPool::JoinEnded() {
  threads_.remove_if([](const Thread& thread) { return thread.has_ended->load(); });
}

void WorkerPool::RunWorker(std::size_t number) const {
  GiveWay(kNicer);
  NameThisThread("worker-" + std::to_string(number));
  metrics::Shard* const shard = registry_.TakeShard();
  Worker worker({pending_, clock_, metrics_, scheduler_}, *shard);
  WorkerSlot slot;
  while (scheduler_.Take(number, slot)) worker.Work(slot);
  registry_.GiveBack(shard);
}

}  // namespace baton::serve
