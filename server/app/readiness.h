// Whether the server is ready, out of all that says so.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "server/base/mutex.h"

namespace baton::app {

// Ready is who can serve, was not taken out of service by an operator, and is not on its way out.
//
// Threads: any.
// Invariant: `is_ready` is written here alone.
class Readiness {
 public:
  // `is_ready` outlives it: what everybody reads. Not ready at first.
  explicit Readiness(std::atomic<bool>& is_ready) : is_ready_(is_ready) {}

  // Whom to tell of each change. It runs under a lock.
  void Tell(std::function<void(bool is_ready)> told) BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    told_ = std::move(told);
  }

  void SetCanServe(bool can_serve) BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    can_serve_ = can_serve;
    Update();
  }
  // False: it was so before.
  bool SetDrained(bool is_drained) BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const bool is_new = is_drained_.exchange(is_drained) != is_drained;
    Update();
    return is_new;
  }
  // For good.
  void Stop() BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    Update();
  }

  bool is_drained() const { return is_drained_; }

 private:
  void Update() BATON_REQUIRES(mutex_) {
    const bool is_ready = can_serve_ && !is_drained_ && !is_stopping_;
    if (is_ready_.exchange(is_ready) != is_ready && told_) told_(is_ready);
  }

  std::atomic<bool>& is_ready_;
  std::atomic<bool> is_drained_{false};  // written with mutex_ held

  Mutex mutex_;
  std::function<void(bool)> told_ BATON_GUARDED_BY(mutex_);
  bool can_serve_ BATON_GUARDED_BY(mutex_) = false;
  bool is_stopping_ BATON_GUARDED_BY(mutex_) = false;
};

}  // namespace baton::app
