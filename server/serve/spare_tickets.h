// Tickets that have come back, for the requests to come.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/serve/ticket.h"

namespace baton::serve {

// So that a request allocates nothing: a ticket keeps its buffers, and its promise takes its state
// from a RecyclingAllocator. What is kept is bounded, in tickets and in bytes of each buffer.
//
// Threads: one at a time.
class SpareTickets {
 public:
  static constexpr std::size_t kKept = 1024;
  static constexpr std::size_t kKeptBufferBytes = 4096;

  // As good as a new one, but for the capacity of its buffers.
  std::unique_ptr<Ticket> Take();
  // Requires: no worker and no queue knows it any more.
  void GiveBack(std::unique_ptr<Ticket> ticket);
  std::size_t size() const { return spare_.size(); }

 private:
  std::vector<std::unique_ptr<Ticket>> spare_;
};

}  // namespace baton::serve
