// Keeps answers apart that would all be due at once.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/clock.h"

namespace baton::serve {

// A crowd that came together is due together, and a guard that holds one answer does not hold a
// thousand: each takes some 20 us to write. So each pending answer takes a place in time, as late
// as possible, and no millisecond has more places than answers can leave in one. Times that are
// apart already stay as they are.
//
// Threads: one at a time. Cost: a step for each full millisecond that is passed over.
class AnswerSlots {
 public:
  static constexpr std::uint32_t kPerMillisecond = 50;

  AnswerSlots();

  // Takes the latest free place that is not after `wanted`; when there is none after `earliest`,
  // that one.
  SteadyTime Take(SteadyTime wanted, SteadyTime earliest);

  // Frees a place that is not needed any more. Places in the past need not be given back.
  void GiveBack(SteadyTime place);

 private:
  struct Slot {
    std::int64_t millisecond = -1;  // since the clock's epoch; which one this stands for
    std::uint32_t taken = 0;
  };
  Slot& SlotOf(std::int64_t millisecond);

  std::vector<Slot> slots_;  // a ring, by millisecond
};

}  // namespace baton::serve
