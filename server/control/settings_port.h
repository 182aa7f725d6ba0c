// Settings of the server as a whole that are said by its configuration, as an operator sees and
// changes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace baton::control {

// Settings that belong together; each is one resource.
enum class SettingsGroup {
  kLimits,     // what a client may cost
  kAdmission,  // who is let in, and for how long
  kLogging,    // what is written
};
inline constexpr std::size_t kSettingsGroups = 3;

// What the schema of the configuration says of one, and its value in force.
struct SettingState {
  std::string key;             // "idle_time"
  std::string setting;         // its key in the configuration: "limits.idle_time"
  std::string value;           // as an operator writes it; empty: nobody says any
  std::string origin;          // "default", "baton.yaml:3:7", "operator"
  std::string expected;        // "a duration such as 50ms", and which: "from 1ms to 1h"
  bool needs_restart = false;  // then it cannot be changed here
  std::string help;
};

struct SettingsState {
  std::vector<SettingState> settings;  // in the order of the schema
  std::uint64_t generation = 1;        // the server's, with which one of them last changed
  // After an update: what is doubtful about endpoints that follow it, a sentence each.
  std::vector<std::string> warnings = {};
};

struct SettingsUpdate {
  SettingsGroup group = SettingsGroup::kLimits;
  std::map<std::string, std::string> values;  // by key, as an operator writes them
  std::optional<std::uint64_t> expected_generation;
  bool validate_only = false;
};

}  // namespace baton::control
