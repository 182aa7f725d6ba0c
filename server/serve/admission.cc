// The conditions of admission, in order of precedence.
#include "server/serve/admission.h"

namespace baton::serve {

Decision Decide(const LoadView& load, const AdmissionLimits& limits, std::size_t body_bytes,
                SteadyTime due, SteadyTime now) {
  const auto refuse = [](Answer answer, Cause cause) { return Decision{false, answer, cause}; };
  if (load.is_draining) return refuse(Answer::kRefused, Cause::kDraining);
  // Nothing is left of the budget: no worker could help.
  if (now >= due) return refuse(Answer::kTimeout, Cause::kExpiredInQueue);
  if (load.waiting >= limits.max_waiting) return refuse(Answer::kRefused, Cause::kQueueFull);
  if (load.waiting_bytes + body_bytes > limits.max_waiting_bytes) {
    return refuse(Answer::kRefused, Cause::kQueueFull);
  }
  return Decision{true, Answer::kPrediction, Cause::kNone};
}

}  // namespace baton::serve
