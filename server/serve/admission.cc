// The conditions of admission, in order of precedence.
#include "server/serve/admission.h"

#include <algorithm>
#include <optional>

#include "server/serve/standing_queue.h"

namespace baton::serve {
namespace {

// The share of what admission would grant that each may use: the lower ones stop first.
double ShareOf(Criticality criticality) {
  switch (criticality) {
    case Criticality::kCritical: return 1;
    case Criticality::kDefault: return 0.75;
    case Criticality::kSheddable: return 0.5;
  }
  return 0.75;
}

// Of `workers` that work off a queue together, the first is free so much before their average.
Duration HeadStart(Duration mean_run, std::size_t workers) {
  const double n = static_cast<double>(std::max<std::size_t>(workers, 1));
  return Scale(mean_run, (n - 1) / (2 * n));
}

Decision Refuse(Answer answer, Cause cause) {
  Decision refused;
  refused.answer = answer;
  refused.cause = cause;
  return refused;
}

Decision Admit(Duration allowance) {
  Decision admitted;
  admitted.admit = true;
  admitted.answer = Answer::kPrediction;
  admitted.allowance = allowance;
  return admitted;
}

// What no prediction can change.
std::optional<Decision> DecideWithoutPrediction(const LoadView& load, const AdmissionLimits& limits,
                                                const RequestView& request, SteadyTime now) {
  if (load.is_draining) return Refuse(Answer::kRefused, Cause::kDraining);
  // Nothing is left of the budget: no worker could help.
  if (now >= request.due) return Refuse(Answer::kTimeout, Cause::kExpiredInQueue);
  if (load.waiting >= limits.max_waiting ||
      load.waiting_bytes + request.body_bytes > limits.max_waiting_bytes) {
    return Refuse(Answer::kRefused, Cause::kQueueFull);
  }
  return std::nullopt;
}

// A queue that stands is kept short, but one run may always be ahead: where runs are long for the
// budget, less than that would leave workers without anything to do between two arrivals.
Duration MostWait(const LoadView& load, const ServicePrediction& service, Criticality criticality,
                  Duration slack) {
  const Duration spare = slack - service.allowance;
  const double share = ShareOf(criticality);
  const Duration one_run = std::min(service.mean, Scale(spare, StandingQueue::kPassing * share));
  return std::max(Scale(spare, load.alpha * share), one_run);
}

Decision DecideByPrediction(const LoadView& load, const ServicePrediction& service,
                            const RequestView& request, Duration slack) {
  const auto probe = [&](Answer answer, Cause cause) {
    // Without it, an endpoint that was slow once would never be seen to have become fast.
    if (!load.may_probe) return Refuse(answer, cause);
    Decision admitted = Admit(Duration::zero());
    admitted.is_probe = true;
    return admitted;
  };
  if (slack < service.smallest_median) return probe(Answer::kTimeout, Cause::kBudgetTooSmall);

  // A worker waits: trying costs nobody anything, and a typical run fits.
  const Duration typical = std::min(service.mean, service.median);
  if (load.is_worker_idle && typical <= slack) return Admit(std::min(service.allowance, typical));

  const Duration wait = PredictedWait(load);
  if (!service.may_queue || service.allowance > slack) {
    return probe(Answer::kRefused, Cause::kNoTime);
  }
  const Duration most = MostWait(load, service, request.criticality, slack);
  Decision decision = Admit(service.allowance);
  if (wait > most) {
    decision = Refuse(Answer::kRefused, Cause::kNoTime);
    decision.allowance = service.allowance;
  }
  decision.predicted_wait = wait;
  decision.most_wait = most;
  return decision;
}

}  // namespace

Duration PredictedWait(const LoadView& load) {
  Duration wait = load.free_after - HeadStart(load.mean_run, load.free_workers);
  if (load.quota < load.workers) {
    const Duration work = load.endpoint_residual + load.endpoint_ahead;
    wait = std::max(wait, work / static_cast<Duration::rep>(std::max<std::size_t>(load.quota, 1)) -
                              HeadStart(load.mean_run, load.quota));
  }
  return std::max(wait, Duration::zero());
}

Decision Decide(SchedulingPolicy policy, const LoadView& load, const ServicePrediction& service,
                const AdmissionLimits& limits, const RequestView& request, SteadyTime now) {
  if (const auto decision = DecideWithoutPrediction(load, limits, request, now)) return *decision;
  if (policy != SchedulingPolicy::kBaton) return Admit(Duration::zero());
  return DecideByPrediction(load, service, request, request.due - now);
}

}  // namespace baton::serve
