// Out of service and back, while the server runs.
#include "server/app/control_room.h"
#include "server/base/log.h"

namespace baton::app {

control::DrainState ControlRoom::DrainNow() const {
  control::DrainState state;
  state.drained = parts_.readiness.is_drained();
  for (const serve::Endpoint* const endpoint : parts_.endpoints.All()) {
    const std::uint64_t answered = Sum(*endpoint, false);  // first: none is answered before it came
    const auto received =
        static_cast<std::uint64_t>(parts_.registry.Value(endpoint->metrics.received));
    state.in_flight += received > answered ? received - answered : 0;
  }
  for (const auto& conductor : parts_.conductors) state.connections += conductor->connections();
  state.generation = generation_;
  return state;
}

// Connections are told under the lock: of two operators the one who is answered last has the last
// word with every conductor.
Result<control::Changed<control::DrainState>> ControlRoom::SetDrained(bool drained) {
  MutexLock lock(mutex_);
  if (parts_.is_draining && !drained) {
    return Fail(ErrorCode::kFailedPrecondition,
                "the server is on its way out: it takes no more requests until it starts anew");
  }
  control::Changed<control::DrainState> changed{DrainNow(), {}};
  if (parts_.readiness.SetDrained(drained)) {
    for (const auto& conductor : parts_.conductors) conductor->SendAway(drained);
    ++generation_;
  }
  changed.after = DrainNow();
  return changed;
}

}  // namespace baton::app
