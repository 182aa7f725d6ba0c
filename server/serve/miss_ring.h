// The last misses, each with its ledger of time: what an operator reads to see why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/answer.h"
#include "server/serve/endpoint.h"
#include "server/serve/endpoint_policy.h"

namespace baton::serve {

// Durations count from the arrival; negative where it never happened.
struct Miss {
  static constexpr Duration kNever = Duration(-1);

  std::uint64_t request_id = 0;
  const Endpoint* endpoint = nullptr;
  std::int64_t arrived_unix_ms = 0;  // wall clock, for people
  Duration budget = Duration::zero();
  Answer answer = Answer::kTimeout;
  Cause cause = Cause::kNone;
  Criticality criticality = Criticality::kDefault;
  Duration predicted_wait = kNever;     // what admission believed
  Duration most_wait = kNever;          // longer, and it was not let in; negative: did not matter
  Duration predicted_service = kNever;  // its allowance for the run
  Duration admitted = kNever;
  Duration started = kNever;   // its run
  Duration finished = kNever;  // its run
  Duration answered = kNever;  // the answer was decided
  Duration sent = kNever;      // the first write of it
};

// Holds the last `capacity` misses; older ones are overwritten.
//
// Threads: any. Cost: Add is a copy under a short lock, no allocation; Latest holds the same lock
// for a walk over the ring.
class MissRing {
 public:
  // Requires: a capacity of at least 1.
  explicit MissRing(std::size_t capacity = 1024);

  void Add(const Miss& miss) BATON_EXCLUDES(mutex_);
  // The newest first, at most `limit`; of `endpoint` only unless it is null.
  std::vector<Miss> Latest(std::size_t limit, const Endpoint* endpoint) const
      BATON_EXCLUDES(mutex_);
  std::uint64_t added() const BATON_EXCLUDES(mutex_);

 private:
  const std::size_t capacity_;

  mutable Mutex mutex_;
  std::vector<Miss> ring_ BATON_GUARDED_BY(mutex_);
  std::uint64_t added_ BATON_GUARDED_BY(mutex_) = 0;
};

}  // namespace baton::serve
