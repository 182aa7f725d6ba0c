// Messages as YAML.
#pragma once

#include <cstddef>
#include <string>

#include <google/protobuf/message.h>

namespace baton::ctl {

// The fields that ToJson() has, by the same names; numbers are numbers, and texts that look like
// something else are in quotes. Each line is indented by `indent` spaces; empty for no field.
std::string ToYaml(const google::protobuf::Message& message, std::size_t indent = 0);

}  // namespace baton::ctl
