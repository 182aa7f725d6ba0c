// Submission, withdrawal and dispatch.
#include "server/serve/scheduler.h"

#include <algorithm>
#include <utility>

namespace baton::serve {

Scheduler::Scheduler(const Clock& clock, const Options& options, std::size_t endpoints)
    : clock_(clock), options_(options), means_(endpoints) {}

Scheduler::~Scheduler() = default;

void Scheduler::Submit(std::span<std::unique_ptr<Ticket>> tickets,
                       std::vector<Submitted>& results) {
  results.clear();
  std::vector<std::unique_ptr<Ticket>> refused;  // destroyed after the lock
  std::size_t to_wake = 0;
  {
    MutexLock lock(mutex_);
    const SteadyTime now = clock_.Now();
    for (std::unique_ptr<Ticket>& ticket : tickets) {
      const LoadView load{queue_.size(), queue_.body_bytes(), is_draining_};
      Submitted submitted;
      submitted.decision =
          Decide(load, options_.admission, ticket->call.body.size(), ticket->due, now);
      if (submitted.decision.admit) {
        submitted.handle = queue_.Insert(std::move(ticket));
      } else {
        refused.push_back(std::move(ticket));
      }
      results.push_back(submitted);
    }
    to_wake = std::min(asleep_, queue_.size());
  }
  for (; to_wake > 0; --to_wake) work_.NotifyOne();
}

Withdrawal Scheduler::Withdraw(DeadlineQueue::Handle handle, RequestId id) {
  std::unique_ptr<Ticket> withdrawn;  // destroyed after the lock
  MutexLock lock(mutex_);
  withdrawn = queue_.Erase(handle);
  if (withdrawn) return {Withdrawal::Where::kWaiting, {}};
  for (const Running& running : running_) {
    if (std::find(running.ids.begin(), running.ids.end(), id) != running.ids.end()) {
      return {Withdrawal::Where::kRunning, running.since};
    }
  }
  return {};
}

bool Scheduler::IsWaiting(DeadlineQueue::Handle handle) const {
  MutexLock lock(mutex_);
  return queue_.Contains(handle);
}

void Scheduler::BeginDrain() {
  MutexLock lock(mutex_);
  is_draining_ = true;
}

bool Scheduler::Take(std::size_t worker, WorkerSlot& slot) {
  slot.batch.clear();
  slot.shed.clear();
  MutexLock lock(mutex_);
  Learn(slot.samples);
  slot.samples.clear();
  running_[worker].ids.clear();
  for (;;) {
    if (alive_ > wanted_) {
      --alive_;
      running_[worker].is_alive = false;
      return false;
    }
    const SteadyTime now = clock_.Now();
    ShedExpired(now, slot);
    if (!queue_.empty()) TakeBatch(now, worker, slot);
    if (!slot.batch.empty() || !slot.shed.empty()) return true;
    ++asleep_;
    work_.Wait(lock);
    --asleep_;
  }
}

// Gain max(1/n, 1/32): exact at first, then following what changes.
void Scheduler::Learn(std::span<const RunSample> samples) {
  for (const RunSample& sample : samples) {
    MeanRunTime& mean = means_[sample.endpoint->index];
    mean.samples += 1;
    const double gain = std::max(1 / mean.samples, 1.0 / 32);
    mean.seconds += gain * (ToSeconds(sample.run_time) - mean.seconds);
  }
}

// The reply is set under the lock: a conductor that withdraws the ticket next finds it in the
// future.
void Scheduler::ShedExpired(SteadyTime now, WorkerSlot& slot) {
  while (!queue_.empty() && queue_.earliest().due <= now) {
    std::unique_ptr<Ticket> ticket = queue_.TakeEarliest();
    Reply reply;
    reply.answer = Answer::kTimeout;
    reply.cause = Cause::kExpiredInQueue;
    reply.finished = now;
    ticket->promise.set_value(std::move(reply));
    slot.shed.push_back(std::move(ticket));
  }
}

void Scheduler::TakeBatch(SteadyTime now, std::size_t worker, WorkerSlot& slot) {
  const std::size_t sharers = asleep_ + 1;
  const std::size_t share = std::clamp<std::size_t>(queue_.size() / sharers, 1, options_.max_taken);
  const double quantum = ToSeconds(options_.quantum);
  double expected = 0;
  Running& running = running_[worker];
  running.since = now;
  while (!queue_.empty() && slot.batch.size() < share) {
    const Ticket& next = queue_.earliest();
    const MeanRunTime& mean = means_[next.endpoint->index];
    expected += mean.seconds;
    const bool is_short = mean.samples > 0 && expected <= quantum &&
                          next.call.body.size() <= options_.max_taken_body_bytes;
    if (!slot.batch.empty() && !is_short) break;
    running.ids.push_back(next.id);
    slot.batch.push_back(queue_.TakeEarliest());
    if (!is_short) break;
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
  ++alive_;
  std::size_t worker = 0;
  while (worker < running_.size() && running_[worker].is_alive) ++worker;
  if (worker == running_.size()) running_.emplace_back();
  running_[worker].is_alive = true;
  return worker;
}

void Scheduler::RemoveWorker(std::size_t worker) {
  MutexLock lock(mutex_);
  --alive_;
  running_[worker].is_alive = false;
}

Scheduler::Figures Scheduler::figures() const {
  MutexLock lock(mutex_);
  Figures figures;
  figures.waiting = queue_.size();
  figures.wanted_workers = wanted_;
  figures.alive_workers = alive_;
  figures.asleep_workers = asleep_;
  for (const Running& running : running_) figures.busy_workers += running.ids.empty() ? 0 : 1;
  return figures;
}

}  // namespace baton::serve
