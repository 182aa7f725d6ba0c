// The session's clocks: one timer for whichever is due first.
#include "server/http/session.h"

namespace baton::http {
namespace {

struct Slowness {
  Refusal refusal;
  CloseReason reason;
};

constexpr Slowness kSlowHead = {
    {408, "header_timeout", "the request's head took too long to arrive"},
    CloseReason::kHeaderTimeout};
constexpr Slowness kSlowBody = {{408, "body_timeout", "the request's body took too long to arrive"},
                                CloseReason::kBodyTimeout};
constexpr Slowness kTrickle = {
    {408, "body_too_slow", "the request's body came in more slowly than allowed"},
    CloseReason::kBodyTooSlow};

}  // namespace

Session::Due Session::NextDue() const {
  const SessionTimeouts& timeouts = options_.timeouts;
  if (IsShakingHands()) return {last_progress_ + timeouts.head, Clock::kHandshake};
  if (state_ == State::kLingering) return {last_progress_ + timeouts.linger, Clock::kLinger};
  if (HasUnsent()) return {last_progress_ + timeouts.write, Clock::kWrite};
  if (!exchanges_.empty() || state_ != State::kReading) return {};
  if (parser_.IsBetweenRequests()) return {last_progress_ + timeouts.idle, Clock::kIdle};
  if (parser_.state() == ParseState::kHead) return {request_began_ + timeouts.head, Clock::kHead};
  return BodyDue();
}

Session::Due Session::BodyDue() const {
  const SessionTimeouts& timeouts = options_.timeouts;
  Due due{body_began_ + timeouts.body, Clock::kBody};
  if (timeouts.body_rate > 0) {
    const double seconds =
        static_cast<double>(body_bytes_) / static_cast<double>(timeouts.body_rate);
    const SteadyTime at = body_began_ + timeouts.body_grace + Scale(1s, seconds);
    if (at < due.at) due = {at, Clock::kBodyRate};
  }
  if (!forgets_body_ && complete_by_ < due.at) due = {complete_by_, Clock::kBudget};
  return due;
}

// A timer that is there already is left to fire and look again: moving it with every request would
// cost more.
void Session::ArmTimer() {
  const SteadyTime due = NextDue().at;
  if (due >= timer_at_) return;
  loop().Cancel(timer_);
  timer_at_ = due;
  timer_ = loop().RunAt(due, [this] {
    loop().AssertOnLoop();
    timer_at_ = SteadyTime::max();
    OnTimer();
  });
}

void Session::OnTimer() {
  const Due due = NextDue();
  if (due.at > loop().ReadClock()) {
    ArmTimer();
    return;
  }
  switch (due.clock) {
    case Clock::kNone: return;
    case Clock::kHandshake: CloseNow(CloseReason::kHeaderTimeout); return;
    case Clock::kIdle: CloseNow(CloseReason::kIdleTimeout); return;
    case Clock::kWrite: CloseNow(CloseReason::kWriteTimeout); return;
    case Clock::kLinger: CloseNow(OrderlyEnd()); return;
    case Clock::kHead: EndSlowRequest(kSlowHead.refusal, kSlowHead.reason); return;
    case Clock::kBody: EndSlowRequest(kSlowBody.refusal, kSlowBody.reason); return;
    case Clock::kBodyRate: EndSlowRequest(kTrickle.refusal, kTrickle.reason); return;
    case Clock::kBudget: EndLateRequest(); return;
  }
}

void Session::EndSlowRequest(const Refusal& refusal, CloseReason reason) {
  if (forgets_body_) {
    StopForgetting(reason);
    FinishIfDone();
    ArmTimer();
  } else {
    Refuse(refusal, reason);
  }
  if (state_ != State::kClosed) UpdateVisible();
}

void Session::EndLateRequest() {
  refused_for_ = CloseReason::kBudgetSpent;
  HandOver(parser_.TakeHead(0), true, SteadyTime::max());
  UpdateVisible();
}

}  // namespace baton::http
