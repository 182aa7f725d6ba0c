// How often the holder of a key may come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::access {

inline constexpr std::uint32_t kMostRequests = 1'000'000;  // of a rate's, and of a burst

// `requests` in `window` in the long run, and `burst` of them at once after a rest.
struct Rate {
  std::uint32_t requests = 1;  // 1 to kMostRequests
  Duration window = 1s;        // a second, a minute or an hour
  std::uint32_t burst = 1;     // 1 to kMostRequests

  // What one more request takes to be allowed.
  Duration interval() const { return window / requests; }

  bool operator==(const Rate&) const = default;
};

// "100/s", "6000/min", "10/h"; its burst is the number in it. kInvalidArgument for anything else.
Result<Rate> ParseRate(std::string_view text);
// Without the burst.
std::string ToText(const Rate& rate);

}  // namespace baton::access
