// How a load went over time: counts a short window of the schedule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/clock.h"

namespace baton::client {

// By the instants at which requests were intended, so that a window is complete in itself however
// long its answers took.
//
// Cost: 24 bytes a window, kMostWindows at most; what is intended after the last one counts there.
class LoadWindows {
 public:
  struct Window {
    std::uint64_t requests = 0;
    std::uint64_t good = 0;  // as LoadReport::good
    std::uint64_t late = 0;  // as LoadReport::late

    bool IsAllGood() const { return good == requests; }
  };

  // `intended` counts from the start of what is measured; before it counts as at it.
  void Add(Duration intended, bool is_good, bool is_late);

  // In order, without a gap, from the start to the last window with a request.
  const std::vector<Window>& all() const { return windows_; }

  static constexpr Duration kLength = 200ms;
  static constexpr std::size_t kMostWindows = 3000;  // 10 minutes

 private:
  std::vector<Window> windows_;
};

// When a load was back to normal: the start of the first window from which on a whole second was
// all good, or all the rest where there are fewer windows than that in all. None when it never was.
std::optional<Duration> BackToNormal(const LoadWindows& windows);

}  // namespace baton::client
