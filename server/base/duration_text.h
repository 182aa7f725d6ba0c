// Durations and addresses as operators write them: "50ms", "1.5s", "127.0.0.1:8080".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton {

// A decimal number and a unit out of us, ms, s, m, h. kInvalidArgument for anything else, for
// negative values and for more than 24 hours.
Result<Duration> ParseDuration(std::string_view text);

// The shortest exact form in the largest fitting unit: "50ms", "1.5s", "250us".
std::string FormatDuration(Duration duration);

// Where a listener sits. `off` is a listener that is not wanted; port 0 asks for any free port.
struct ListenAddress {
  bool off = false;
  std::string host;  // numeric IPv4 or IPv6, without brackets
  std::uint16_t port = 0;

  std::string ToText() const;  // "off", "127.0.0.1:8080" or "[::1]:8080"
  bool IsLoopback() const;     // nobody but this machine reaches it
};

// "off", "HOST:PORT", ":PORT" (every IPv4 address) or "PORT" (loopback). HOST is numeric
// (IPv6 in brackets), "localhost" or "*".
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace baton
