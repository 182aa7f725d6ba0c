// The queue's heap and its sums.
#include "server/serve/deadline_queue.h"

#include <utility>

namespace baton::serve {

DeadlineQueue::Handle DeadlineQueue::Insert(std::unique_ptr<Ticket> ticket) {
  body_bytes_ += ticket->call.body.size();
  ticket->endpoint->waiting.fetch_add(1, std::memory_order_relaxed);
  const SteadyTime due = ticket->due;
  return heap_.Insert(due, std::move(ticket));
}

std::unique_ptr<Ticket> DeadlineQueue::TakeEarliest() { return Account(heap_.TakeMin()); }

std::unique_ptr<Ticket> DeadlineQueue::Erase(Handle handle) {
  if (!heap_.Contains(handle)) return nullptr;
  return Account(heap_.Erase(handle));
}

std::unique_ptr<Ticket> DeadlineQueue::Account(std::unique_ptr<Ticket> leaving) {
  body_bytes_ -= leaving->call.body.size();
  leaving->endpoint->waiting.fetch_sub(1, std::memory_order_relaxed);
  return leaving;
}

}  // namespace baton::serve
