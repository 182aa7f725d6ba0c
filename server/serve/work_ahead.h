// The predicted work that waits with an earlier deadline than a given one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "server/base/clock.h"

namespace baton::serve {

// A Fenwick tree (P. Fenwick, "A new data structure for cumulative frequency tables", 1994) over
// due times in buckets of 1 ms: a ring of 4096 ms from now on, work beyond it in a map until it
// comes into the ring, and work whose time has passed in a sum of its own, which is ahead of
// everything. Exact sums of nanoseconds: never negative, zero when empty.
//
// Threads: one at a time. Cost: Add, Remove, Ahead about 12 additions each; Advance a step for
// each millisecond that has passed (4096 at most). Allocates for work beyond the ring only.
class WorkAhead {
 public:
  // Names what was added, for Remove. One made by default is of no work; removing it changes
  // nothing.
  struct Entry {
    SteadyTime due;
    Duration work = Duration::zero();
  };

  // Time goes on; an earlier `now` than before changes nothing. Everything else is meant as of this
  // instant, at first the clock's epoch.
  void Advance(SteadyTime now);

  // Requires: `work` is not negative.
  Entry Add(SteadyTime due, Duration work);
  // Requires: `entry` came from Add and was not removed before.
  void Remove(const Entry& entry);

  // Work due in the same millisecond as `due` or earlier. To a `due` beyond the ring all of the
  // work beyond it counts as ahead: rather too much than a walk over it.
  Duration Ahead(SteadyTime due) const;
  Duration total() const { return Duration(overdue_ns_ + ring_ns_ + beyond_ns_); }

 private:
  using Millis = std::int64_t;  // since the clock's epoch
  static constexpr Millis kRingSize = 4096;

  static Millis MillisOf(SteadyTime time);
  static std::size_t PositionOf(Millis at);
  Millis end() const { return now_ + kRingSize; }  // of the ring

  void Change(Millis due, std::int64_t by_ns);
  void ChangeRing(std::size_t position, std::int64_t by_ns);
  void ChangeBeyond(Millis due, std::int64_t by_ns);
  void EnterRing();
  std::int64_t SumUpTo(std::size_t position) const;
  std::int64_t RingAhead(Millis due) const;

  Millis now_ = 0;
  std::int64_t overdue_ns_ = 0;                    // due before now_
  std::array<std::int64_t, kRingSize> buckets_{};  // [due % size], due from now_ up to end()
  std::array<std::int64_t, kRingSize>
      tree_{};  // [i]: of the buckets up to i, its lowest bit's many
  std::int64_t ring_ns_ = 0;
  std::map<Millis, std::int64_t> beyond_;  // from end() on; no zeros
  std::int64_t beyond_ns_ = 0;
};

}  // namespace baton::serve
