// What a plug-in says of its tensors, checked.
#pragma once

#include <optional>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/plugin/baton_plugin.h"

namespace baton::models {

inline constexpr std::size_t kMaxPluginTensors = 1024;  // of a kind
inline constexpr std::size_t kMaxPluginRank = 64;

// Empty for a number that is none of the interface's datatypes.
std::optional<DataType> DataTypeOfPlugin(std::int32_t datatype);

// Fills in the inputs and outputs of `info`. Errors: kInvalidArgument, naming the tensor, for null
// pointers, empty or repeated names, unknown datatypes, dimensions below -1, no outputs, and more
// than the limits above.
Status ReadDescription(const baton_description* description, ModelInfo& info);

}  // namespace baton::models
