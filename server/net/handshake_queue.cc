// Steps for the time of a slice, and a rest behind it.
#include "server/net/handshake_queue.h"

#include <algorithm>
#include <utility>

namespace baton::net {
namespace {

constexpr Duration kSlice = 200us;  // about one handshake
constexpr Duration kLongestRest = 5ms;

}  // namespace

HandshakeQueue::Place HandshakeQueue::Add(Waiting& waiting) {
  const Place place = waiting_.insert(waiting_.end(), &waiting);
  Arm();
  return place;
}

void HandshakeQueue::Arm() {
  if (is_armed_ || waiting_.empty()) return;
  is_armed_ = true;
  loop_.RunAt(rests_until_, [this] {
    loop_.AssertOnLoop();
    is_armed_ = false;
    RunSome();
  });
}

void HandshakeQueue::RunSome() {
  const SteadyTime began = loop_.ReadClock();
  SteadyTime now = began;
  while (!waiting_.empty() && now - began < kSlice) {
    Waiting& next = *waiting_.front();
    waiting_.pop_front();
    next.TakeHandshakeStep();
    now = loop_.ReadClock();
  }
  if (waiting_.empty()) return;  // a handshake by itself goes on as soon as its client does
  rests_until_ = now + std::min(now - began, kLongestRest);
  Arm();
}

}  // namespace baton::net
