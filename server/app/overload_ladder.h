// How far a conductor withdraws while it cannot keep up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"

namespace baton::app {

// Each includes those before it.
enum class OverloadLevel {
  kCalm,
  kTerse,         // refusals are ready-made bytes, bodies of sheddable requests are not parsed
  kNoPipelining,  // nothing is read of a connection while an answer is pending on it
  kClosed,        // nobody new is accepted, and idle connections are closed
};
inline constexpr std::size_t kOverloadLevels = 4;
std::string_view ToText(OverloadLevel level);  // "calm", "terse", "no_pipelining" or "closed"

// Up at once, to the highest level that is called for; down one level after 200 ms in which every
// look found the measures below those of the way down, and to the next after another 200 ms.
//
// | level         | up above                              | down below                         |
// |---------------|---------------------------------------|------------------------------------|
// | kTerse        | 5 ms of lag                           | 2.5 ms of lag                      |
// | kNoPipelining | 20 ms of lag                          | 10 ms of lag                       |
// | kClosed       | 100 ms of lag, or from 90 % of the    | 50 ms of lag and 80 % of the       |
// |               | descriptors on                        | descriptors                        |
//
// Half of 90 % would keep a server closed whose connections are busy, and not too many.
//
// Threads: one at a time. Whoever owns it looks while it is not calm even when nothing happens: a
// loop without connections would stay closed for ever.
class OverloadLadder {
 public:
  // `lag` as of net::EventLoop; `descriptors` is the share of those allowed that are in use, 0 to
  // 1. `now` never goes back; the same twice is one look.
  OverloadLevel Observe(Duration lag, double descriptors, SteadyTime now);

  OverloadLevel level() const { return level_; }
  // How often `level` was entered, from above or below.
  std::uint64_t changes_to(OverloadLevel level) const {
    return changes_[static_cast<std::size_t>(level)];
  }

 private:
  void MoveTo(OverloadLevel level);

  OverloadLevel level_ = OverloadLevel::kCalm;
  std::optional<SteadyTime> quiet_since_;  // with the measures of the way down from level_
  std::array<std::uint64_t, kOverloadLevels> changes_{};
};

}  // namespace baton::app
