// A configuration as a text that can be read back.
#pragma once

#include <string>

#include "server/config/configuration.h"

namespace baton::config {

// Every value that there is, in the order of the schema; what has none stands as a comment with
// what holds then. `with_origins`: each value has a comment that says where it came from.
std::string ToYaml(const Configuration& configuration, bool with_origins);

// The same as JSON. `with_origins`: a list of objects with `key`, `value` and `origin` instead.
std::string ToJson(const Configuration& configuration, bool with_origins);

// A value as YAML, in quotes where it needs them.
std::string Quoted(const std::string& text);

}  // namespace baton::config
