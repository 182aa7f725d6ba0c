// A load report as a table for people and as JSON for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/lib/load_report.h"

namespace baton::client {

// What was offered, to be said with the figures.
struct LoadTitle {
  std::string server;    // HOST:PORT
  std::string target;    // "POST /reverse"
  std::string schedule;  // "fixed", "poisson" or "closed"
  std::size_t connections = 0;
  std::size_t pipeline = 1;        // requests under way on each
  bool is_one_shot = false;        // a new connection for each request
  std::optional<double> rate;      // requests per second; none for a closed loop
  std::optional<Duration> budget;  // as asked for; none: as the server granted
  std::uint64_t seed = 0;
};

// Several lines, ending in a line break. What a server sent is in it with control characters
// replaced.
std::string ToTable(const LoadTitle& title, const LoadReport& report);

// One object in one line, without a line break. Times are `_ms`, rates `_per_second`.
std::string ToJson(const LoadTitle& title, const LoadReport& report);

}  // namespace baton::client
