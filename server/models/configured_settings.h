// The settings of an endpoint that a config.yaml may hold: where they stand in it and their ranges.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/models/model_config.h"
#include "server/yaml/config_reader.h"

namespace baton::models {

// The path of every setting in the file: "default_budget", "batch.max_size", "fallback.kind", ...
std::span<const std::string_view> SettingPaths();
// What follows `group` and a dot in them: "max_size" and "max_delay" for "batch". The ones without
// a group for an empty one.
std::vector<std::string_view> SettingNames(std::string_view group);

// Adds the setting whose path `value` has; refuses a value that does not read as its kind or is out
// of its range. False, and nothing is done, when the path is that of none.
bool ReadSetting(yaml::ConfigReader& reader, const yaml::ConfigValue& value,
                 std::vector<ConfiguredSetting>& settings);

}  // namespace baton::models
