// Finding lanes, and the sums over them.
#include "server/serve/ready_lanes.h"

#include <utility>

namespace baton::serve {

std::uint32_t ReadyLanes::AddLane(std::uint32_t endpoint) {
  const auto index = static_cast<std::uint32_t>(lanes_.size());
  by_endpoint_[endpoint].push_back(index);
  lanes_.push_back(std::make_unique<Lane>());
  lanes_.back()->endpoint = endpoint;
  return index;
}

std::uint32_t ReadyLanes::LaneOf(std::uint32_t endpoint) {
  if (by_endpoint_.size() <= endpoint) by_endpoint_.resize(endpoint + 1);
  for (const std::uint32_t index : by_endpoint_[endpoint]) {
    if (lanes_[index]->handler == nullptr) return index;
  }
  return AddLane(endpoint);
}

std::uint32_t ReadyLanes::BatchLaneOf(const Ticket& ticket, bool is_long) {
  const std::uint32_t endpoint = ticket.endpoint->index;
  if (by_endpoint_.size() <= endpoint) by_endpoint_.resize(endpoint + 1);
  for (const std::uint32_t index : by_endpoint_[endpoint]) {
    const Lane& lane = *lanes_[index];
    if (lane.handler == ticket.handler && lane.is_long == is_long) return index;
  }
  const std::uint32_t index = EmptyBatchLane(endpoint);
  Lane& lane = *lanes_[index];
  lane.handler = ticket.handler;
  lane.is_long = is_long;
  return index;
}

std::uint32_t ReadyLanes::EmptyBatchLane(std::uint32_t endpoint) {
  for (const std::uint32_t index : by_endpoint_[endpoint]) {
    if (lanes_[index]->handler != nullptr && lanes_[index]->queue.empty()) return index;
  }
  return AddLane(endpoint);
}

ReadyLanes::Handle ReadyLanes::Insert(std::uint32_t lane, SteadyTime order,
                                      std::unique_ptr<Ticket> ticket) {
  ++size_;
  body_bytes_ += ticket->call.body.size();
  ticket->endpoint->waiting.fetch_add(1, std::memory_order_relaxed);
  return {lane, lanes_[lane]->queue.Insert(order, std::move(ticket))};
}

std::unique_ptr<Ticket> ReadyLanes::TakeFirst(std::uint32_t lane) {
  return Account(lanes_[lane]->queue.TakeFirst());
}

std::unique_ptr<Ticket> ReadyLanes::Erase(Handle handle) {
  if (handle.lane >= lanes_.size()) return nullptr;
  std::unique_ptr<Ticket> ticket = lanes_[handle.lane]->queue.Erase(handle.place);
  return ticket ? Account(std::move(ticket)) : nullptr;
}

const Ticket* ReadyLanes::Find(Handle handle) const {
  return handle.lane < lanes_.size() ? lanes_[handle.lane]->queue.Find(handle.place) : nullptr;
}

std::unique_ptr<Ticket> ReadyLanes::Account(std::unique_ptr<Ticket> leaving) {
  --size_;
  body_bytes_ -= leaving->call.body.size();
  leaving->endpoint->waiting.fetch_sub(1, std::memory_order_relaxed);
  return leaving;
}

}  // namespace baton::serve
