// The configuration as the admin schema tells of it.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin::v1 {
class Config;
class ConfigDifference;
class ConfigValue;
}  // namespace baton::admin::v1

namespace baton::admin {

// All but the values.
void Fill(const control::ConfigurationState& state, v1::Config& config);
void Fill(const control::ConfiguredValue& value, v1::ConfigValue& told);
void Fill(const control::ConfigurationDifference& difference, v1::ConfigDifference& told);

// Accepts "config" and nothing; kNotFound for another name.
Status CheckConfigName(const std::string& name);

}  // namespace baton::admin
