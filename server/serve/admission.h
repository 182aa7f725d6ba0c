// The decision at the door: may this request wait for a worker?
#pragma once

#include <cstddef>

#include "server/base/deadline.h"
#include "server/serve/answer.h"

namespace baton::serve {

struct AdmissionLimits {
  std::size_t max_waiting = 65'536;                        // tickets in the deadline queue
  std::size_t max_waiting_bytes = std::size_t{256} << 20;  // of their bodies
};

// A snapshot of what the decision rests on.
struct LoadView {
  std::size_t waiting = 0;
  std::size_t waiting_bytes = 0;
  bool is_draining = false;
};

struct Decision {
  bool admit = false;
  Answer answer = Answer::kRefused;  // when not admitted
  Cause cause = Cause::kNone;
};

// Pure. `due` is the deadline less the guard.
Decision Decide(const LoadView& load, const AdmissionLimits& limits, std::size_t body_bytes,
                SteadyTime due, SteadyTime now);

}  // namespace baton::serve
