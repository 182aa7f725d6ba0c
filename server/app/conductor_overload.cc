// How a conductor that lags, or whose process runs out of descriptors, withdraws.
#include <vector>

#include "server/app/conductor.h"

namespace baton::app {
namespace {

constexpr Duration kOverloadStep = 50ms;

}  // namespace

void Conductor::WatchOverload() {
  if (loop_.Now() != overload_watched_) LookForOverload();
}

void Conductor::LookForOverload() {
  const SteadyTime now = loop_.Now();
  overload_watched_ = now;
  // A look that is lost to a reader between these two is of the same turn as what it has read.
  const Duration::rep lag = loop_.lag().count();
  if (lag > worst_lag_.load(std::memory_order_relaxed)) worst_lag_ = lag;
  const double share =
      static_cast<double>(shared_.places.taken()) / static_cast<double>(shared_.descriptors);
  const OverloadLevel before = ladder_.level();
  const OverloadLevel level = ladder_.Observe(loop_.lag(), share, now);
  listener_shard_.takes_pipelined = level < OverloadLevel::kNoPipelining;
  if (level != before) {
    overload_level_ = level;
    desk_.SetBehind(IsTerse());
    for (std::size_t i = 0; i < kOverloadLevels; ++i) {
      overload_changes_[i] = ladder_.changes_to(static_cast<OverloadLevel>(i));
    }
    if (level == OverloadLevel::kClosed && !is_draining_) acceptor_.Pause();
    if (before == OverloadLevel::kClosed) acceptor_.Resume();
    shared_.places.SetOpen(options_.index, level != OverloadLevel::kClosed && !is_draining_);
  }
  if (level == OverloadLevel::kClosed) CloseSomeIdle();
  if (level == OverloadLevel::kCalm || overload_watch_is_armed_) return;
  overload_watch_is_armed_ = true;
  loop_.RunAt(now + kOverloadStep, [this] {
    loop_.AssertOnLoop();
    overload_watch_is_armed_ = false;
    LookForOverload();  // also after a request of this turn: that one has armed no timer
  });
}

// Not all at once: that would make the turn longer that is too long already.
void Conductor::CloseSomeIdle() {
  constexpr std::size_t kBucketsPerTurn = 256;
  constexpr std::size_t kClosedPerTurn = 64;
  constexpr Duration kIdleForSure = 1s;
  std::vector<http::Session*> idle;
  for (std::size_t i = 0; i < kBucketsPerTurn && idle.size() < kClosedPerTurn; ++i) {
    idle_bucket_ = (idle_bucket_ + 1) % sessions_.bucket_count();
    for (auto entry = sessions_.begin(idle_bucket_); entry != sessions_.end(idle_bucket_);
         ++entry) {
      // One that was busy a moment ago may have its next request in the kernel already.
      const http::Session& session = *entry->second;
      if (session.IsIdle() && loop_.Now() - session.idle_since() >= kIdleForSure) {
        idle.push_back(entry->second.get());
      }
    }
  }
  for (http::Session* session : idle) session->CloseNow(http::CloseReason::kLimit);
}

}  // namespace baton::app
