// The tickets that wait, in lanes: what may run together, the most urgent first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/serve/deadline_queue.h"

namespace baton::serve {

// An endpoint has one lane, or, where its requests run as batches, one for each kind of call
// (handler) and each class of budgets. Lanes stay once they were made; one of
// batches that is empty is used again for another kind, so that there are no more than were in use
// at once.
//
// Threads: one at a time.
class ReadyLanes {
 public:
  struct Lane {
    std::uint32_t endpoint = 0;
    const Handler* handler = nullptr;  // null: calls of any kind
    bool is_long = false;              // the longer one of budgets that differ widely
    DeadlineQueue queue;
  };
  // Names a ticket until it leaves, whichever way.
  struct Handle {
    std::uint32_t lane = 0;
    DeadlineQueue::Handle place;
  };

  // The lane of tickets that may run alone only.
  std::uint32_t LaneOf(std::uint32_t endpoint);
  // The lane of tickets that may run in one batch with `ticket`.
  std::uint32_t BatchLaneOf(const Ticket& ticket, bool is_long);

  Handle Insert(std::uint32_t lane, SteadyTime order, std::unique_ptr<Ticket> ticket);
  // Requires: the lane is not empty.
  std::unique_ptr<Ticket> TakeFirst(std::uint32_t lane);
  // Null when it has left already.
  std::unique_ptr<Ticket> Erase(Handle handle);
  const Ticket* Find(Handle handle) const;

  std::size_t lanes() const { return lanes_.size(); }
  const Lane& lane(std::uint32_t index) const { return *lanes_[index]; }
  std::size_t size() const { return size_; }
  std::size_t body_bytes() const { return body_bytes_; }

 private:
  std::uint32_t AddLane(std::uint32_t endpoint);
  std::uint32_t EmptyBatchLane(std::uint32_t endpoint);
  std::unique_ptr<Ticket> Account(std::unique_ptr<Ticket> leaving);

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::vector<std::uint32_t>> by_endpoint_;
  std::size_t size_ = 0;
  std::size_t body_bytes_ = 0;
};

}  // namespace baton::serve
