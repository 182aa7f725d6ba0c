// A worker's round: take, check, run, reply, deliver.
#include "server/serve/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <span>
#include <system_error>
#include <utility>

namespace baton::serve {
namespace {

class TicketContext final : public RunContext {
 public:
  TicketContext(Ticket& ticket, const PendingResponses& pending, const Clock& clock)
      : ticket_(ticket), pending_(pending), clock_(clock) {}

  Deadline deadline() const override { return ticket_.deadline; }
  bool expired() const override {
    return clock_.Now() >= ticket_.due || !pending_.IsPending(ticket_.id);
  }
  bool ShortenBudget(Duration budget) override {
    if (budget < ticket_.deadline.budget()) {
      ticket_.deadline = Deadline(ticket_.deadline.arrival(), budget);
      // The largest guard that a conductor keeps; it knows the exact one.
      ticket_.due = std::min(ticket_.due, ticket_.deadline.at() - budget / 10);
      ticket_.sink->MoveDeadline(ticket_.id, ticket_.deadline);
    }
    return clock_.Now() < ticket_.due;
  }

 private:
  Ticket& ticket_;
  const PendingResponses& pending_;
  const Clock& clock_;
};

bool IsClientsFault(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kNotFound ||
         code == ErrorCode::kTooLarge || code == ErrorCode::kUnsupported;
}

Reply ToReply(Outcome&& outcome) {
  Reply reply;
  reply.body = std::move(outcome.body);
  reply.error = std::move(outcome.error);
  if (!reply.error) {
    reply.answer = Answer::kPrediction;
  } else if (IsClientsFault(reply.error->code)) {
    reply.answer = Answer::kInvalid;
  } else if (reply.error->code == ErrorCode::kDeadlineExceeded) {
    reply.answer = Answer::kTimeout;
    reply.cause = Cause::kExpiredRunning;
  } else {
    reply.answer = Answer::kError;
    reply.cause = Cause::kBackendError;
  }
  return reply;
}

// The one barrier between model code and the server.
Outcome HandleSafely(const Ticket& ticket, RunContext& context) {
  try {
    return ticket.handler->Handle(ticket.call, context);
  } catch (const std::exception& failure) {
    return {"",
            Error{ErrorCode::kInternal, std::string("the handler failed: ") + failure.what(), {}}};
  } catch (...) {
    return {"", Error{ErrorCode::kInternal, "the handler failed", {}}};
  }
}

// Sets the promise. Returns how long the run took, zero when there was none.
Duration RunTicket(Ticket& ticket, const PendingResponses& pending, const Clock& clock,
                   SteadyTime began) {
  Reply reply;
  // Claimed by somebody else, or as good as that. The promise is kept all the same: who claimed it
  // at its deadline looks whether there is a reply after all, and must not find a broken promise.
  if (began >= ticket.due || !pending.IsPending(ticket.id)) {
    reply.answer = Answer::kTimeout;
    reply.cause = Cause::kExpiredInQueue;
    reply.finished = began;
  } else {
    TicketContext context(ticket, pending, clock);
    reply = ToReply(HandleSafely(ticket, context));
    reply.started = began;
    reply.finished = clock.Now();
  }
  const Duration took = reply.started == SteadyTime() ? Duration::zero() : reply.finished - began;
  ticket.promise.set_value(std::move(reply));
  return took;
}

// Runs of tickets of one conductor go in one call.
void Deliver(std::span<const std::unique_ptr<Ticket>> tickets,
             std::span<const Completion> completions) {
  std::size_t first = 0;
  while (first < tickets.size()) {
    std::size_t end = first + 1;
    while (end < tickets.size() && tickets[end]->sink == tickets[first]->sink) ++end;
    tickets[first]->sink->Deliver(completions.subspan(first, end - first));
    first = end;
  }
}

void DeliverShed(const WorkerSlot& slot, std::vector<Completion>& completions) {
  completions.clear();
  for (const std::unique_ptr<Ticket>& ticket : slot.shed) {
    completions.push_back({ticket->id, ticket->endpoint, Duration::zero()});
  }
  Deliver(slot.shed, completions);
}

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
  return Fail(ErrorCode::kInvalidArgument,
              "size is " + std::to_string(size) + ", expected " + std::to_string(kSmallest) +
                  " to " + std::to_string(kLargest),
              "size");
}

Status WorkerPool::Resize(int size) {
  const Status checked = CheckSize(size);
  if (!checked) return checked;
  MutexLock lock(mutex_);
  JoinEnded();
  size_ = size;
  scheduler_.SetWorkers(static_cast<std::size_t>(size));
  while (scheduler_.figures().alive_workers < static_cast<std::size_t>(size)) {
    const std::size_t worker = scheduler_.AddWorker();
    const Status started = StartThread(worker);
    if (!started) {
      scheduler_.RemoveWorker(worker);
      const std::size_t alive = scheduler_.figures().alive_workers;
      scheduler_.SetWorkers(alive);
      size_ = static_cast<int>(alive);
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

void WorkerPool::Stop() { scheduler_.SetWorkers(0); }

void WorkerPool::JoinEnded() {
  threads_.remove_if([](const Thread& thread) { return thread.has_ended->load(); });
}

void WorkerPool::RunWorker(std::size_t worker) const {
  metrics::Shard* const shard = registry_.TakeShard();
  WorkerSlot slot;
  std::vector<Completion> completions;
  while (scheduler_.Take(worker, slot)) {
    DeliverShed(slot, completions);
    completions.clear();
    const SteadyTime first = clock_.Now();
    SteadyTime began = first;
    std::size_t delivered = 0;
    for (std::size_t i = 0; i < slot.batch.size(); ++i) {
      Ticket& ticket = *slot.batch[i];
      const Duration took = RunTicket(ticket, pending_, clock_, began);
      completions.push_back({ticket.id, ticket.endpoint, took});
      if (took > Duration::zero()) slot.samples.push_back({ticket.endpoint, took});
      began += took;
      shard->Add(metrics_.busy_seconds, ToSeconds(took));
      shard->Add(metrics_.tasks);
      // One that took longer than it was known to must not keep the answers of the others.
      const bool is_last = i + 1 == slot.batch.size();
      if (is_last || took > scheduler_.quantum()) {
        Deliver(std::span(slot.batch).subspan(delivered, i + 1 - delivered), completions);
        completions.clear();
        delivered = i + 1;
      }
    }
  }
  registry_.GiveBack(shard);
}

}  // namespace baton::serve
