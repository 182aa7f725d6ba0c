// Tickets that wait for a worker, earliest deadline first.
#pragma once

#include <cstddef>
#include <memory>

#include "server/base/indexed_heap.h"
#include "server/serve/ticket.h"

namespace baton::serve {

// Ties leave in order of arrival.
//
// Cost: O(log n) each. Threads: one at a time.
class DeadlineQueue {
 public:
  using Heap = IndexedHeap<SteadyTime, std::unique_ptr<Ticket>>;
  using Handle = Heap::Handle;

  Handle Insert(std::unique_ptr<Ticket> ticket);
  // Requires: not empty.
  std::unique_ptr<Ticket> TakeEarliest();
  // Null when it has left already.
  std::unique_ptr<Ticket> Erase(Handle handle);

  bool Contains(Handle handle) const { return heap_.Contains(handle); }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  std::size_t body_bytes() const { return body_bytes_; }
  // Requires: not empty.
  const Ticket& earliest() const { return *heap_.MinValue(); }

 private:
  std::unique_ptr<Ticket> Account(std::unique_ptr<Ticket> leaving);

  Heap heap_;
  std::size_t body_bytes_ = 0;
};

}  // namespace baton::serve
