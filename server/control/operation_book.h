// Changes of models as operations that go on behind the call that began them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/control/caller.h"
#include "server/control/control_port.h"

namespace baton::control {

struct OperationState {
  std::string name;  // "692166c1-000012": no two are called alike, not of two servers' lives either
  ModelChange change;
  Caller caller;
  std::int64_t started_unix_ms = 0;
  std::int64_t ended_unix_ms = 0;  // 0 while it goes on
  std::size_t ahead = 0;           // others that were begun before it and go on
  std::optional<Result<std::vector<ModelState>>> outcome;  // none while it goes on

  bool is_done() const { return outcome.has_value(); }
};

// Knows those that go on and the last ones that are done, and tells who waits for one.
//
// Threads: any. Who waits is told on the thread of End or Tell, without a lock held.
class OperationBook {
 public:
  static constexpr std::size_t kMostOpen = 100;
  static constexpr std::size_t kMostDone = 100;  // the oldest is forgotten
  static constexpr std::size_t kMostWaits = 256;

  using UnixClock = std::function<std::int64_t()>;  // milliseconds since 1970-01-01 UTC
  using Told = std::function<void(const OperationState& operation)>;

  explicit OperationBook(UnixClock unix_clock);

  // kResourceExhausted where too many go on.
  Result<OperationState> Begin(const ModelChange& change, const Caller& caller)
      BATON_EXCLUDES(mutex_);
  // Requires: `name` was begun and has not ended.
  void End(const std::string& name, Result<std::vector<ModelState>> outcome) BATON_EXCLUDES(mutex_);

  // kNotFound for one that was forgotten, or never was.
  Result<OperationState> Find(const std::string& name) const BATON_EXCLUDES(mutex_);
  // In the order in which they were begun, which is that of their names.
  std::vector<OperationState> List() const BATON_EXCLUDES(mutex_);

  // Calls `told` once: when it is done, at once if it is already, or when `until` has passed and
  // Tell is called. Errors, and `told` is not called: kNotFound, kResourceExhausted where too many
  // wait.
  Status Await(const std::string& name, SteadyTime until, Told told) BATON_EXCLUDES(mutex_);
  // Tells those whose time is up.
  void Tell(SteadyTime now) BATON_EXCLUDES(mutex_);

 private:
  struct Wait {
    std::string name;
    SteadyTime until;
    Told told;
  };

  OperationState StateLocked(const OperationState& operation) const BATON_REQUIRES(mutex_);
  void ForgetLocked() BATON_REQUIRES(mutex_);
  // Takes those out for which `is_over(wait)`.
  template <typename Condition>
  std::list<Wait> TakeWaitsLocked(Condition is_over) BATON_REQUIRES(mutex_);

  // Set once.
  const UnixClock unix_clock_;
  const std::string prefix_;

  mutable Mutex mutex_;
  std::uint64_t begun_ BATON_GUARDED_BY(mutex_) = 0;
  std::map<std::string, OperationState> operations_ BATON_GUARDED_BY(mutex_);
  std::list<Wait> waits_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::control
