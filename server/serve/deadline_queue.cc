// The queue's heap.
#include "server/serve/deadline_queue.h"

#include <utility>

namespace baton::serve {

DeadlineQueue::Handle DeadlineQueue::Insert(SteadyTime order, std::unique_ptr<Ticket> ticket) {
  return heap_.Insert(order, std::move(ticket));
}

std::unique_ptr<Ticket> DeadlineQueue::Erase(Handle handle) {
  if (!heap_.Contains(handle)) return nullptr;
  return heap_.Erase(handle);
}

const Ticket* DeadlineQueue::Find(Handle handle) const {
  return heap_.Contains(handle) ? heap_.At(handle).get() : nullptr;
}

}  // namespace baton::serve
