// The absolute instant by which an answer must have left; made once at the door and carried along.
#pragma once

#include "server/base/clock.h"

namespace baton {

class Deadline {
 public:
  constexpr Deadline() = default;
  constexpr Deadline(SteadyTime arrival, Duration budget) : arrival_(arrival), budget_(budget) {}

  constexpr SteadyTime arrival() const { return arrival_; }
  constexpr Duration budget() const { return budget_; }
  constexpr SteadyTime at() const { return arrival_ + budget_; }

  constexpr bool IsPast(SteadyTime now) const { return now >= at(); }
  constexpr Duration Left(SteadyTime now) const { return at() - now; }

  // The share of the budget that is gone at `now`: 1 is the deadline itself. 0 for an empty budget.
  double UsedRatio(SteadyTime now) const {
    return budget_ > Duration::zero() ? ToSeconds(now - arrival_) / ToSeconds(budget_) : 0.0;
  }

 private:
  SteadyTime arrival_;
  Duration budget_ = Duration::zero();
};

}  // namespace baton
