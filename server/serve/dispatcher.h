// Who is let in, who runs next and who is given up: scheduling as a machine that time is told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "server/base/clock.h"
#include "server/serve/admission.h"
#include "server/serve/endpoint_book.h"
#include "server/serve/ready_lanes.h"
#include "server/serve/scheduling_policy.h"
#include "server/serve/standing_queue.h"
#include "server/serve/work_ahead.h"
#include "server/serve/worker_table.h"

namespace baton::serve {

// What a worker is given: a batch, or tickets to run one after the other, and those that were given
// up on the way (they have their reply; they are to be delivered first).
struct Assignment {
  std::vector<std::unique_ptr<Ticket>> tickets;
  std::optional<std::stop_source> batch_stop;  // they run as one batch
  std::vector<std::unique_ptr<Ticket>> shed;

  bool empty() const { return tickets.empty() && shed.empty(); }
  void Clear();
};

// No thread, no lock and no clock: `now` comes with each call and never goes back. The same code
// runs under the scheduler's lock and, a simulated minute in a second, in its tests.
//
// Invariants (docs/how-it-decides.md): no ticket starts after its latest start; no worker that asks
// is sent away while one is startable; tickets start in order of their deadlines, but for shares of
// the pool and batches; the work ahead is the sum over those who wait.
// Threads: one at a time.
class Dispatcher {
 public:
  struct Options {
    SchedulingPolicy policy = SchedulingPolicy::kBaton;
    AdmissionLimits limits;
    Duration quantum = 200us;  // tickets taken together run no longer than this by their means
    std::size_t max_taken_body_bytes = 4096;  // larger bodies run alone: a mean says little of them
    std::size_t max_taken = 32;               // nor are they more
    double forced_error = 1;                  // of every prediction; for tests
  };

  Dispatcher(const Options& options, std::size_t endpoints);
  ~Dispatcher();

  // At the door. Takes the ticket over when it is admitted.
  struct Submitted {
    Decision decision;
    ReadyLanes::Handle handle;          // when admitted
    SteadyTime latest_start;            // by when it has to be running, as known now
    Duration drain = Duration::zero();  // when refused: until those who wait will have been served
  };
  Submitted Submit(std::unique_ptr<Ticket>& ticket, SteadyTime now);
  // Null when it does not wait any more.
  std::unique_ptr<Ticket> Withdraw(ReadyLanes::Handle handle);
  // By when it has to be running, by what is known now; empty when it does not wait any more.
  std::optional<SteadyTime> LatestStart(ReadyLanes::Handle handle, SteadyTime now) const;
  // See WorkerTable.
  WorkerTable::Unwanted WithdrawRunning(RequestId id) { return workers_.Withdraw(id); }
  void BeginDrain() { is_draining_ = true; }

  // Workers that are about to ask, and busy on paper only.
  void SetReturning(std::size_t workers) { returning_ = workers; }

  // Workers. `worker` is free: what it shall run now, if there is anything.
  std::size_t Join() { return workers_.Join(); }
  void Leave(std::size_t worker) { workers_.Leave(worker); }
  void Take(std::size_t worker, SteadyTime now, Assignment& assignment);
  // True when tickets that waited for their endpoint's share may have become startable: another
  // worker is to ask, too.
  bool Finish(std::size_t worker, std::span<const RunSample> samples, SteadyTime now);
  // When somebody who waits for a larger batch becomes startable; SteadyTime::max() for never.
  SteadyTime next_start() const { return next_start_; }

  // The operator's.
  // By endpoint; more than before, where endpoints have come.
  void SetPolicies(std::span<const EndpointPolicy> policies);
  // For those who come from now on.
  void SetLimits(const AdmissionLimits& limits) { limits_ = limits; }
  // An endpoint is known once it has a policy.
  bool Knows(std::uint32_t endpoint) const { return endpoint < books_.size(); }
  EndpointBook& book(std::uint32_t endpoint) { return books_[endpoint]; }
  const EndpointBook& book(std::uint32_t endpoint) const { return books_[endpoint]; }

  // How long a request of `endpoint` with this budget would wait if it came now.
  Duration PredictedWait(std::uint32_t endpoint, Duration budget, SteadyTime now);
  // Until all who wait now would have been served.
  Duration PredictedDrain(SteadyTime now) const;
  const WorkerTable& workers() const { return workers_; }
  std::size_t waiting() const { return lanes_.size(); }
  double alpha() const { return standing_.alpha(); }
  Duration work_ahead() const { return ahead_.total(); }

 private:
  bool IsPredictive() const { return options_.policy == SchedulingPolicy::kBaton; }
  ServicePrediction Predict(const Ticket& ticket, SteadyTime now) const;
  LoadView ViewOf(std::uint32_t endpoint, SteadyTime due, SteadyTime now);
  void Observe(const Ticket& ticket, SteadyTime now);
  void UpdateQuotas(SteadyTime now);
  void UpdateQuota(std::uint32_t endpoint, SteadyTime now);
  bool IsAtQuota(std::uint32_t endpoint) const;
  bool IsWorkerIdle(std::uint32_t endpoint) const;
  std::size_t StartableWaiting() const;
  ReadyLanes::Handle Insert(std::unique_ptr<Ticket> ticket, const ServicePrediction& service,
                            SteadyTime now);
  void Forget(const Ticket& leaving);

  std::optional<std::uint32_t> ChooseLane(SteadyTime now);
  bool IsHeldBack(const ReadyLanes::Lane& lane, SteadyTime now);
  bool IsFirstDoomed(const ReadyLanes::Lane& lane, SteadyTime now) const;
  Duration AllowanceOf(const ReadyLanes::Lane& lane, const Ticket& ticket, SteadyTime now) const;
  void Shed(std::uint32_t lane, SteadyTime now, Assignment& assignment);
  void TakeTickets(std::uint32_t lane, SteadyTime now, Assignment& assignment, Duration& predicted);
  void TakeBatch(std::uint32_t lane, SteadyTime now, Assignment& assignment, Duration& predicted);
  std::unique_ptr<Ticket> TakeFirst(std::uint32_t lane);
  void Start(std::size_t worker, std::uint32_t endpoint, Duration predicted, SteadyTime now,
             const Assignment& assignment);

  const Options options_;
  AdmissionLimits limits_;
  std::vector<EndpointBook> books_;  // by endpoint
  ReadyLanes lanes_;
  WorkerTable workers_;
  WorkAhead ahead_;
  StandingQueue standing_;
  RecentRange budgets_;
  SteadyTime quotas_at_;
  SteadyTime next_start_ = SteadyTime::max();
  WorkerTable::Run next_run_;  // of no meaning between calls, but for its buffers
  std::size_t returning_ = 0;
  bool is_draining_ = false;
};

}  // namespace baton::serve
