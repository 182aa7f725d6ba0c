// What an overload demonstration offers: its steps, how capacity is searched for, how many
// connections it takes. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

// "0.5,1,2": the load of each step as a multiple of the capacity, ascending. kInvalidArgument for
// anything but 1 to 20 different numbers from 0.01 to 100.
Result<std::vector<double>> ParseFactors(std::string_view text);

// "baton,fifo": as many names as there are servers. kInvalidArgument for another number of them, an
// empty one, two of the same, or characters other than visible ASCII and spaces.
Result<std::vector<std::string>> ParseNames(std::string_view text, std::size_t servers);

// The search for the capacity: a closed loop over 1, 2, 4 ... connections, because from outside
// nobody knows how many keep a server's workers busy. A refusal costs a closed loop next to
// nothing, so it is the good answers that count.
class CapacityRamp {
 public:
  // Of the next run; 0 when further ones would tell nothing: two doublings in a row have brought
  // less than 5 %, or kMostConnections have been tried.
  std::size_t NextConnections() const;

  // What NextConnections() gave. Requires: it is not 0.
  void Add(double good_per_second);

  // The highest rate so far, and the connections that it took.
  double best_rate() const { return best_rate_; }
  std::size_t best_connections() const { return best_connections_; }
  std::size_t last_connections() const { return next_ / 2; }  // of the last run

  static constexpr std::size_t kMostConnections = 256;

 private:
  std::size_t next_ = 1;
  std::size_t in_vain_ = 0;  // doublings since the last gain
  double gained_rate_ = 0;   // the rate at that gain
  double best_rate_ = 0;
  std::size_t best_connections_ = 0;
};

// Enough for every answer to take twice its budget at `rate`, from 64 to 4096.
std::size_t ConnectionsFor(double rate, Duration budget);

}  // namespace baton::client
