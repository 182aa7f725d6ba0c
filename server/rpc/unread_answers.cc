// The oldest one decides when to look again.
#include "server/rpc/unread_answers.h"

#include <algorithm>
#include <utility>

namespace baton::rpc {

UnreadAnswers::Place UnreadAnswers::Add(grpc::ServerContext& call, std::size_t bytes) {
  bytes_ += bytes;
  const Place place = unread_.insert(unread_.end(), {call, bytes, clock_.Now()});
  ArmSweep();
  return place;
}

void UnreadAnswers::Remove(Place place) {
  bytes_ -= place->bytes;
  unread_.erase(place);
}

// gRPC tells of those soon that they are over, and they are removed.
void UnreadAnswers::OnSweep(bool /*ok*/) {
  is_sweep_armed_ = false;
  const SteadyTime oldest = clock_.Now() - limits_.time;
  for (Unread& one : unread_) {
    if (one.since > oldest) break;
    if (!std::exchange(one.is_cancelled, true)) one.call.TryCancel();
  }
  ArmSweep();
  open_tags_.Remove();  // the last: it may be waited for
}

void UnreadAnswers::ArmSweep() {
  if (is_closed_ || is_sweep_armed_) return;
  const auto next = std::find_if(unread_.begin(), unread_.end(),
                                 [](const Unread& one) { return !one.is_cancelled; });
  if (next == unread_.end()) return;
  is_sweep_armed_ = true;
  open_tags_.Add();
  const Duration left = next->since + limits_.time - clock_.Now();
  sweep_.Set(
      &queue_.tags(),
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left.count(), GPR_TIMESPAN)),
      swept_.ToVoid());
}

void UnreadAnswers::Close() {
  is_closed_ = true;
  sweep_.Cancel();
}

}  // namespace baton::rpc
