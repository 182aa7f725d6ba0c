// The settings of an endpoint as KEY=VALUE texts: the words of command lines, tables and logs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::control {

// Every key, in the order in which they are shown: "default_budget", ... "fallback_model".
std::span<const std::string_view> EndpointKeys();
// A line for each of them, for a program's help.
std::string EndpointKeysHelp();
inline constexpr std::string_view kCriticalities[] = {"critical", "default", "sheddable"};
inline constexpr std::string_view kFallbackKinds[] = {"none", "constant", "last_good", "model"};

// The parts of a fallback that are to change.
struct FallbackChange {
  std::optional<std::string> kind;
  std::optional<std::string> constant;
  std::optional<std::string> key_header;
  std::optional<Duration> max_age;
  std::optional<std::uint64_t> max_bytes;
  std::optional<std::string> model;
};

// What KEY=VALUE texts ask for.
struct EndpointChange {
  EndpointUpdate update;  // the fallback apart: that depends on the one in force
  FallbackChange fallback;
  std::vector<std::string> keys;  // those that were given, in their order
  std::string origin;             // where: "baton.yaml:3:7"; may be empty
};

// Adds one KEY=VALUE. Fails with kInvalidArgument, and `change` is as before, for what is no
// KEY=VALUE, an unknown key (with the one that was probably meant), a key given twice and a value
// that does not read as its kind. Ranges are the control port's care.
Status AddSetting(const std::string& setting, EndpointChange& change);

// The whole fallback that `change` makes of the one in force; none when it names no part of it.
// Fails with kInvalidArgument for a part that the wanted kind does not use, and when one that it
// needs is nowhere.
Result<std::optional<FallbackSettings>> WantedFallback(const EndpointChange& change,
                                                       const FallbackSettings& in_force);

// What `change` asks for of an endpoint whose fallback is `in_force`: the update, with its fallback
// where that changes.
Result<EndpointUpdate> WantedUpdate(const EndpointChange& change, const FallbackSettings& in_force);

struct Setting {
  std::string_view key;
  std::string value;  // as it can be given back; empty for what the kind of fallback does not use
};
// All of them, in the order of EndpointKeys().
std::vector<Setting> SettingsOf(const EndpointState& state);

struct SettingChange {
  std::string_view key;
  std::string before;
  std::string after;
};
// Those that differ. For logs: values beyond 256 bytes are cut.
std::vector<SettingChange> ChangedSettings(const EndpointState& before, const EndpointState& after);

}  // namespace baton::control
