// The checks: a multiset of due times for each endpoint, and a count of its workers.
#include "tests/serve/dispatch_checks.h"

#include <algorithm>

namespace baton::serve {

DispatchChecks::DispatchChecks(const Dispatcher& dispatcher, SchedulingPolicy policy,
                               std::size_t endpoints, const std::vector<EndpointPolicy>& policies)
    : dispatcher_(dispatcher), policy_(policy), waiting_(endpoints), running_(endpoints) {
  for (std::size_t i = 0; i < std::min(endpoints, policies.size()); ++i) {
    waiting_[i].policy = policies[i];
  }
}

void DispatchChecks::Admitted(std::uint32_t endpoint, SteadyTime due, Duration work) {
  waiting_[endpoint].dues.insert(due);
  work_ += work;
}

void DispatchChecks::Left(const Ticket& ticket) {
  std::multiset<SteadyTime>& dues = waiting_[ticket.endpoint->index].dues;
  dues.erase(dues.find(ticket.due));
  work_ -= ticket.work.work;
}

void DispatchChecks::Starts(const Assignment& assignment, SteadyTime now) {
  const bool is_batch = assignment.batch_stop.has_value();
  const std::size_t size = is_batch ? assignment.tickets.size() : 1;
  for (const auto& ticket : assignment.tickets) {
    const bool is_checked = !is_batch || ticket == assignment.tickets.front();
    if (is_checked && IsDoomed(*ticket, size, is_batch, now)) ++violations_.doomed_starts;
    if (is_checked) CheckOrder(*ticket);
    Left(*ticket);
  }
  ++running_[assignment.tickets.front()->endpoint->index];
}

bool DispatchChecks::IsDoomed(const Ticket& first, std::size_t size, bool is_batch,
                              SteadyTime now) const {
  if (now >= first.due) return true;
  if (policy_ != SchedulingPolicy::kBaton) return false;
  const EndpointBook& book = dispatcher_.book(first.endpoint->index);
  const Duration budget = first.deadline.budget();
  const Duration allowance = is_batch || book.is_batched()
                                 ? book.BatchAllowance(size, budget)
                                 : book.estimate().Predict(budget).allowance;
  return now + std::min(allowance, first.largest_allowance) > first.due;
}

bool DispatchChecks::IsAtQuota(std::uint32_t endpoint) const {
  const std::size_t quota = dispatcher_.book(endpoint).Quota(dispatcher_.workers().alive());
  return running_[endpoint] >= std::max<std::size_t>(1, quota);
}

bool DispatchChecks::IsOwed(std::uint32_t endpoint) const {
  return running_[endpoint] < static_cast<std::size_t>(waiting_[endpoint].policy.min_workers);
}

// For more to fill a batch: whether it is, only the dispatcher knows.
bool DispatchChecks::MayBeHeldBack(std::uint32_t endpoint) const {
  return waiting_[endpoint].policy.batch.max_delay > Duration::zero();
}

void DispatchChecks::CheckOrder(const Ticket& next) {
  if (policy_ == SchedulingPolicy::kFifo) return;
  const bool is_owed = IsOwed(next.endpoint->index);
  for (std::uint32_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].dues.empty() || IsAtQuota(i) || MayBeHeldBack(i)) continue;
    const bool is_earlier = *waiting_[i].dues.begin() < next.due;
    if (IsOwed(i) ? (!is_owed || is_earlier) : (!is_owed && is_earlier)) {
      ++violations_.wrong_order;
      return;
    }
  }
}

void DispatchChecks::Settled(std::size_t sleeping_workers) {
  if (work_ != dispatcher_.work_ahead()) ++violations_.wrong_sums;
  if (sleeping_workers == 0) return;
  for (std::uint32_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].dues.empty() || IsAtQuota(i) || MayBeHeldBack(i)) continue;
    ++violations_.idle_workers;
    return;
  }
}

}  // namespace baton::serve
