// Locks, wake-ups and the clock around the dispatcher.
#include "server/serve/scheduler.h"

#include <algorithm>
#include <utility>

namespace baton::serve {

Scheduler::Scheduler(const Clock& clock, const Options& options, std::size_t endpoints)
    : clock_(clock),
      options_(options),
      waiting_limit_(options.limits.max_waiting),
      dispatcher_(options, endpoints) {}

Scheduler::~Scheduler() = default;

void Scheduler::Submit(std::span<std::unique_ptr<Ticket>> tickets,
                       std::vector<Submitted>& results) {
  results.clear();
  std::size_t to_wake = 0;
  {
    MutexLock lock(mutex_);
    const SteadyTime now = clock_.Now();
    dispatcher_.SetReturning(returning_.load(std::memory_order_relaxed));
    for (std::unique_ptr<Ticket>& ticket : tickets) {
      results.push_back(dispatcher_.Submit(ticket, now));
    }
    to_wake = std::min(asleep_, dispatcher_.waiting());
  }
  for (; to_wake > 0; --to_wake) work_.NotifyOne();
}

Withdrawal Scheduler::Withdraw(ReadyLanes::Handle handle, RequestId id) {
  WorkerTable::Unwanted unwanted;
  {
    MutexLock lock(mutex_);
    if (std::unique_ptr<Ticket> ticket = dispatcher_.Withdraw(handle)) {
      return {Withdrawal::Where::kWaiting, {}, std::move(ticket)};
    }
    unwanted = dispatcher_.WithdrawRunning(id);
  }
  if (!unwanted.is_running) return {};
  // Without the lock: whoever listens to it is called from here.
  unwanted.stop.request_stop();
  unwanted.batch_stop.request_stop();
  return {Withdrawal::Where::kRunning, unwanted.since, nullptr};
}

std::optional<SteadyTime> Scheduler::LatestStart(ReadyLanes::Handle handle) const {
  MutexLock lock(mutex_);
  return dispatcher_.LatestStart(handle, clock_.Now());
}

void Scheduler::BeginDrain() {
  MutexLock lock(mutex_);
  dispatcher_.BeginDrain();
}

bool Scheduler::Take(std::size_t worker, WorkerSlot& slot) {
  slot.assignment.Clear();
  MutexLock lock(mutex_);
  if (std::exchange(slot.is_returning, false)) returning_.fetch_sub(1, std::memory_order_relaxed);
  if (dispatcher_.Finish(worker, slot.samples, clock_.Now()) && asleep_ > 0) work_.NotifyOne();
  slot.samples.clear();
  for (;;) {
    if (dispatcher_.workers().alive() > wanted_) {
      dispatcher_.Leave(worker);
      // What it would have taken is somebody else's now.
      if (asleep_ > 0 && dispatcher_.waiting() > 0) work_.NotifyOne();
      return false;
    }
    dispatcher_.Take(worker, clock_.Now(), slot.assignment);
    if (!slot.assignment.empty()) return true;
    const SteadyTime again = dispatcher_.next_start();
    ++asleep_;
    if (again == SteadyTime::max()) {
      work_.Wait(lock);
    } else {
      work_.WaitUntil(lock, again);
    }
    --asleep_;
  }
}

void Scheduler::SetWorkers(std::size_t wanted) {
  {
    MutexLock lock(mutex_);
    wanted_ = wanted;
  }
  work_.NotifyAll();
}

std::size_t Scheduler::AddWorker() {
  MutexLock lock(mutex_);
  return dispatcher_.Join();
}

void Scheduler::RemoveWorker(std::size_t worker) {
  MutexLock lock(mutex_);
  dispatcher_.Leave(worker);
}

void Scheduler::SetPolicies(std::span<const EndpointPolicy> policies) {
  {
    MutexLock lock(mutex_);
    dispatcher_.SetPolicies(policies);
  }
  work_.NotifyAll();  // a larger quota makes somebody startable
}

void Scheduler::SetLimits(const AdmissionLimits& limits) {
  waiting_limit_.store(limits.max_waiting, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  dispatcher_.SetLimits(limits);
}

void Scheduler::Warm(std::uint32_t endpoint, std::span<const Duration> single,
                     std::span<const Duration> full, bool is_steady) {
  MutexLock lock(mutex_);
  dispatcher_.book(endpoint).Warm(single, full, is_steady);
}

void Scheduler::ResetEstimate(std::uint32_t endpoint) {
  MutexLock lock(mutex_);
  if (dispatcher_.Knows(endpoint)) dispatcher_.book(endpoint).Reset();
}

Scheduler::Figures Scheduler::figures() const {
  MutexLock lock(mutex_);
  const WorkerTable& workers = dispatcher_.workers();
  Figures figures;
  figures.waiting = dispatcher_.waiting();
  figures.wanted_workers = wanted_;
  figures.alive_workers = workers.alive();
  figures.busy_workers = workers.busy();
  figures.asleep_workers = asleep_;
  figures.zombies = workers.Zombies(clock_.Now());
  return figures;
}

Duration Scheduler::RanWithin(SteadyTime from, SteadyTime now) const {
  MutexLock lock(mutex_);
  return dispatcher_.workers().RanWithin(from, now);
}

Scheduler::Estimate Scheduler::EstimateOf(std::uint32_t endpoint, Duration budget) {
  Estimate estimate;
  MutexLock lock(mutex_);
  if (!dispatcher_.Knows(endpoint)) return estimate;
  const ServiceEstimate& learned = dispatcher_.book(endpoint).estimate();
  estimate.mean = learned.mean();
  estimate.q50 = learned.q50();
  estimate.q95 = learned.q95();
  estimate.q99 = learned.q99();
  estimate.predicted_wait = dispatcher_.PredictedWait(endpoint, budget, clock_.Now());
  estimate.samples = learned.samples();
  estimate.is_cold = learned.is_cold();
  return estimate;
}

}  // namespace baton::serve
