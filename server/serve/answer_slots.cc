// A ring of milliseconds.
#include "server/serve/answer_slots.h"

#include <algorithm>
#include <chrono>

namespace baton::serve {
namespace {

// Twice around within a budget means that places are forgotten: larger than the usual largest
// budget, 10 s.
constexpr std::size_t kSlots = 16'384;

std::int64_t MillisecondOf(SteadyTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

AnswerSlots::AnswerSlots() : slots_(kSlots) {}

AnswerSlots::Slot& AnswerSlots::SlotOf(std::int64_t millisecond) {
  Slot& slot = slots_[static_cast<std::size_t>(millisecond) % kSlots];
  if (slot.millisecond != millisecond) slot = Slot{millisecond, 0};
  return slot;
}

SteadyTime AnswerSlots::Take(SteadyTime wanted, SteadyTime earliest) {
  const std::int64_t latest = MillisecondOf(wanted);
  const std::int64_t first = std::min(latest, MillisecondOf(earliest));
  std::int64_t millisecond = latest;
  while (millisecond > first && SlotOf(millisecond).taken >= kPerMillisecond) --millisecond;
  Slot& slot = SlotOf(millisecond);
  const std::uint32_t place = std::min(slot.taken, kPerMillisecond - 1);
  ++slot.taken;
  if (millisecond == latest) return wanted;
  return SteadyTime(std::chrono::milliseconds(millisecond)) +
         Duration(1ms) * place / kPerMillisecond;
}

void AnswerSlots::GiveBack(SteadyTime place) {
  Slot& slot = slots_[static_cast<std::size_t>(MillisecondOf(place)) % kSlots];
  if (slot.millisecond == MillisecondOf(place) && slot.taken > 0) --slot.taken;
}

}  // namespace baton::serve
