// What must hold of every step of a dispatcher, checked from outside by counting everybody who
// waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "server/serve/dispatcher.h"

namespace baton::serve {

// The numbers are those of docs/how-it-decides.md.
struct DispatchViolations {
  std::uint64_t unanswered = 0;      // I1
  std::uint64_t answered_twice = 0;  // I1
  std::uint64_t doomed_starts = 0;   // I3: starts after the latest start
  std::uint64_t idle_workers = 0;    // I4: a worker sleeps while somebody is startable
  std::uint64_t wrong_order = 0;     // I5: within what shares of the pool and batches allow
  std::uint64_t wrong_sums = 0;      // I6: the work ahead is not the sum over those who wait

  std::uint64_t total() const {
    return unanswered + answered_twice + doomed_starts + idle_workers + wrong_order + wrong_sums;
  }
};

// Told of whatever comes and goes. Threads: one at a time.
class DispatchChecks {
 public:
  // `policies` may be shorter than there are endpoints: the others have the default.
  DispatchChecks(const Dispatcher& dispatcher, SchedulingPolicy policy, std::size_t endpoints,
                 const std::vector<EndpointPolicy>& policies);

  void Admitted(std::uint32_t endpoint, SteadyTime due, Duration work);
  void Left(const Ticket& ticket);
  // A worker is about to start `assignment`, of which nobody was told with Left() yet but the shed.
  void Starts(const Assignment& assignment, SteadyTime now);
  void Finished(std::uint32_t endpoint) { --running_[endpoint]; }
  // After each event, when everybody who was woken has asked.
  void Settled(std::size_t sleeping_workers);

  DispatchViolations& violations() { return violations_; }

 private:
  struct Waiting {
    std::multiset<SteadyTime> dues;
    EndpointPolicy policy;
  };
  bool IsAtQuota(std::uint32_t endpoint) const;
  bool IsOwed(std::uint32_t endpoint) const;
  bool MayBeHeldBack(std::uint32_t endpoint) const;
  bool IsDoomed(const Ticket& first, std::size_t size, bool is_batch, SteadyTime now) const;
  void CheckOrder(const Ticket& next);

  const Dispatcher& dispatcher_;
  const SchedulingPolicy policy_;
  std::vector<Waiting> waiting_;      // by endpoint
  std::vector<std::size_t> running_;  // workers, by endpoint
  Duration work_ = Duration::zero();
  DispatchViolations violations_;
};

}  // namespace baton::serve
