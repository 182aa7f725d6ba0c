// The tree's sums, and how work moves from beyond the ring through it into the past.
#include "server/serve/work_ahead.h"

#include <algorithm>
#include <chrono>

#include "server/base/check.h"

namespace baton::serve {

WorkAhead::Millis WorkAhead::MillisOf(SteadyTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::size_t WorkAhead::PositionOf(Millis at) {
  return static_cast<std::size_t>(at) % static_cast<std::size_t>(kRingSize);
}

void WorkAhead::Advance(SteadyTime now) {
  const Millis target = MillisOf(now);
  if (target <= now_) return;
  for (const Millis last = std::min(target, end()); now_ < last; ++now_) {
    const std::int64_t passed_ns = buckets_[PositionOf(now_)];
    if (passed_ns == 0) continue;
    ChangeRing(PositionOf(now_), -passed_ns);
    overdue_ns_ += passed_ns;
  }
  now_ = target;
  EnterRing();
}

void WorkAhead::EnterRing() {
  while (!beyond_.empty() && beyond_.begin()->first < end()) {
    const auto [due, work_ns] = *beyond_.begin();
    beyond_ns_ -= work_ns;
    beyond_.erase(beyond_.begin());
    Change(due, work_ns);
  }
}

WorkAhead::Entry WorkAhead::Add(SteadyTime due, Duration work) {
  BATON_DCHECK(work >= Duration::zero());
  Change(MillisOf(due), work.count());
  return Entry{due, work};
}

void WorkAhead::Remove(const Entry& entry) { Change(MillisOf(entry.due), -entry.work.count()); }

void WorkAhead::Change(Millis due, std::int64_t by_ns) {
  if (due < now_) {
    overdue_ns_ += by_ns;
  } else if (due < end()) {
    ChangeRing(PositionOf(due), by_ns);
  } else {
    ChangeBeyond(due, by_ns);
  }
  BATON_DCHECK(overdue_ns_ >= 0 && ring_ns_ >= 0 && beyond_ns_ >= 0);
}

void WorkAhead::ChangeRing(std::size_t position, std::int64_t by_ns) {
  ring_ns_ += by_ns;
  buckets_[position] += by_ns;
  for (std::size_t i = position + 1; i <= tree_.size(); i += i & (~i + 1)) tree_[i - 1] += by_ns;
}

void WorkAhead::ChangeBeyond(Millis due, std::int64_t by_ns) {
  if (by_ns == 0) return;
  beyond_ns_ += by_ns;
  const auto at = beyond_.try_emplace(due, 0).first;
  at->second += by_ns;
  if (at->second == 0) beyond_.erase(at);
}

Duration WorkAhead::Ahead(SteadyTime due_time) const {
  const Millis due = MillisOf(due_time);
  return Duration(overdue_ns_ + RingAhead(due) + (due < end() ? 0 : beyond_ns_));
}

std::int64_t WorkAhead::SumUpTo(std::size_t position) const {
  std::int64_t sum_ns = 0;
  for (std::size_t i = position + 1; i > 0; i &= i - 1) sum_ns += tree_[i - 1];
  return sum_ns;
}

std::int64_t WorkAhead::RingAhead(Millis due) const {
  if (due < now_) return 0;
  if (due >= end() - 1) return ring_ns_;
  const std::size_t first = PositionOf(now_);
  const std::size_t last = PositionOf(due);
  const std::int64_t before_first_ns = first == 0 ? 0 : SumUpTo(first - 1);
  const std::int64_t wrapped_ns = last < first ? ring_ns_ : 0;
  return wrapped_ns + SumUpTo(last) - before_first_ns;
}

}  // namespace baton::serve
