// The way out of a conductor.
#include <algorithm>
#include <sys/socket.h>
#include <vector>

#include "server/app/conductor.h"
#include "server/base/check.h"

namespace baton::app {
namespace {

constexpr Duration kDrainStep = 5ms;

}  // namespace

void Conductor::BeginDrain(Duration grace, Duration limit) {
  loop_.Post([this, grace, limit] {
    loop_.AssertOnLoop();
    const SteadyTime now = loop_.Now();
    if (is_draining_) {  // the check that goes on looks at these
      drain_grace_ends_ = std::min(drain_grace_ends_, now + grace);
      drain_limit_ = std::min(drain_limit_, now + limit);
      desk_.SetLatestDeadline(drain_limit_);
      return;
    }
    is_draining_ = true;
    drain_grace_ends_ = now + grace;
    drain_limit_ = now + limit;
    desk_.SetLatestDeadline(drain_limit_);
    StopAccepting();
    for (const auto& entry : sessions_) entry.second->BeginDrain();
    CheckDrain();
  });
}

void Conductor::SendAway(bool sends_away) {
  loop_.Post([this, sends_away] {
    loop_.AssertOnLoop();
    sends_away_ = sends_away;
    if (is_draining_) return;
    for (const auto& entry : sessions_) {
      if (sends_away) {
        entry.second->BeginDrain();
      } else {
        entry.second->EndDrain();
      }
    }
  });
}

// Those who are connected already are let in; later ones are turned away by the kernel at once,
// instead of waiting in the backlog to be cut off at the end.
void Conductor::StopAccepting() {
  shared_.places.SetOpen(options_.index, false);
  acceptor_.Resume();
  acceptor_.AcceptAll();
  acceptor_.Stop();
  shutdown(options_.listening_fd, SHUT_RD);
}

// It ends when nobody is left, nor on the way from another conductor.
void Conductor::CheckDrain() {
  const SteadyTime now = loop_.ReadClock();
  if (now >= drain_grace_ends_) {
    shared_.desk.scheduler.BeginDrain();
    shared_.desk.reserve.BeginDrain();
    std::vector<http::Session*> idle;
    for (const auto& entry : sessions_) {
      if (entry.second->IsIdle()) idle.push_back(entry.second.get());
    }
    for (http::Session* session : idle) session->CloseNow(http::CloseReason::kDrain);
  }
  if (shared_.places.taken(options_.index) == 0 || now >= drain_limit_) {
    loop_.Stop();
    return;
  }
  loop_.RunAt(now + kDrainStep, [this] {
    loop_.AssertOnLoop();
    CheckDrain();
  });
}

// Whatever is open is cut off; the books are closed over it.
void Conductor::EndRun() {
  acceptor_.Stop();
  has_ended_ = true;
  while (!sessions_.empty()) sessions_.begin()->second->CloseNow(http::CloseReason::kDrain);
  loop_.RunOnce();
  BATON_CHECK(desk_.open() == 0);
}

}  // namespace baton::app
