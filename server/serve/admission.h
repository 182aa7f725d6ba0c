// The decision at the door: may this request wait for a worker?
#pragma once

#include <cstddef>

#include "server/base/clock.h"
#include "server/serve/answer.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/scheduling_policy.h"
#include "server/serve/service_estimate.h"

namespace baton::serve {

// They hold whatever is predicted.
struct AdmissionLimits {
  std::size_t max_waiting = 65'536;                        // tickets that wait
  std::size_t max_waiting_bytes = std::size_t{256} << 20;  // of their bodies
};

// What the decision rests on, for one request at one instant.
struct LoadView {
  std::size_t waiting = 0;
  std::size_t waiting_bytes = 0;
  bool is_draining = false;

  std::size_t workers = 1;                 // N
  bool is_worker_idle = false;             // one that nobody is ahead for, and that it may take
  Duration free_after = Duration::zero();  // when the work with earlier deadlines is off the queue
  std::size_t free_workers = 1;            // how many workers share in it until then
  Duration mean_run = Duration::zero();    // predicted length of what runs, on average
  double alpha = 0.9;                      // how much of the slack may be spent waiting
  bool may_probe = false;                  // its endpoint has had no probe for a second

  // Where the endpoint may hold fewer workers than there are (quota < workers): the same of it.
  std::size_t quota = 1;
  Duration endpoint_residual = Duration::zero();
  Duration endpoint_ahead = Duration::zero();
};

struct RequestView {
  std::size_t body_bytes = 0;
  SteadyTime due;  // deadline less guard
  Criticality criticality = Criticality::kDefault;
};

struct Decision {
  bool admit = false;
  Answer answer = Answer::kRefused;  // when not admitted
  Cause cause = Cause::kNone;
  // What it rested on. The wait is zero where nobody is ahead.
  Duration predicted_wait = Duration::zero();
  Duration most_wait = Duration::zero();  // longer, and it is not let in; zero: it did not matter
  Duration allowance = Duration::zero();  // set aside for the run: it must start by due less this
  bool is_probe = false;                  // admitted against the prediction, to learn
};

// How long a request that is due then would wait: until the work ahead of it is off the queue, less
// what the first worker to come free is before the average one.
Duration PredictedWait(const LoadView& load);

// Pure. See docs/how-it-decides.md for the conditions and why each is there.
Decision Decide(SchedulingPolicy policy, const LoadView& load, const ServicePrediction& service,
                const AdmissionLimits& limits, const RequestView& request, SteadyTime now);

}  // namespace baton::serve
