// Tickets that wait for a worker, the most urgent first.
#pragma once

#include <cstddef>
#include <memory>

#include "server/base/indexed_heap.h"
#include "server/serve/ticket.h"

namespace baton::serve {

// Ordered by a time that comes with each ticket: its due time, or its arrival where the policy says
// so. Ties leave in order of arrival.
//
// Cost: O(log n) each. Threads: one at a time.
class DeadlineQueue {
 public:
  using Heap = IndexedHeap<SteadyTime, std::unique_ptr<Ticket>>;
  using Handle = Heap::Handle;

  Handle Insert(SteadyTime order, std::unique_ptr<Ticket> ticket);
  // Requires: not empty.
  std::unique_ptr<Ticket> TakeFirst() { return heap_.TakeMin(); }
  // Null when it has left already.
  std::unique_ptr<Ticket> Erase(Handle handle);

  // Null when it has left already.
  const Ticket* Find(Handle handle) const;
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  // Require: not empty.
  const Ticket& first() const { return *heap_.MinValue(); }
  SteadyTime first_order() const { return heap_.MinKey(); }

 private:
  Heap heap_;
};

}  // namespace baton::serve
