// The last minutes, a point a second, for the curves of who has just come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "server/control/status_sample.h"

namespace baton::pages {

// Threads: one at a time.
class History {
 public:
  static constexpr std::size_t kMostPoints = 300;

  void Add(const control::StatusSample& sample);
  // Appends {"is_whole": ..., "points": [...]}: those behind the sample of number `after`, or all
  // there are, where `after` is none of them: 0, or long ago.
  void Append(std::string& out, std::uint64_t after) const;

 private:
  struct Point {
    std::uint64_t number = 0;
    std::int64_t at_unix_ms = 0;
    double offered = 0;
    double goodput = 0;
    double misses = 0;
    std::vector<std::uint64_t> budget_used;  // since the point before
  };

  std::deque<Point> points_;
  std::vector<std::uint64_t> budget_used_;  // totals of the newest
};

}  // namespace baton::pages
