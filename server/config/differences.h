// Two configurations side by side, for a server that runs by one of them and is told the other.
#pragma once

#include <string>
#include <vector>

#include "server/config/configuration.h"

namespace baton::config {

struct Value {
  std::string key;   // "limits.body_bytes", "endpoints.tumour.max_workers"
  std::string text;  // as an operator writes it
  std::string origin;
  bool needs_restart = false;  // takes effect only when the server starts anew
};
// Every value that there is, in the order of the schema, names in that of the alphabet.
std::vector<Value> ValuesOf(const Configuration& configuration);

struct Difference {
  std::string key;
  std::string before;  // empty: nobody said anything
  std::string after;   // empty: nobody says anything
  std::string origin;  // of `after`
  bool needs_restart = false;
};
std::vector<Difference> Differences(const Configuration& before, const Configuration& after);

// What a server that runs by `in_force` can take of `wanted` without a restart: all of it but for
// the settings that need one, which stay.
Configuration WithoutRestarts(const Configuration& in_force, const Configuration& wanted);

}  // namespace baton::config
