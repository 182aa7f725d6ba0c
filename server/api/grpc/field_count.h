// How many fields a serialized ModelInferRequest has, before protobuf makes an object of each.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/result.h"

namespace baton::api {

inline constexpr char kNoInferRequest[] = "the message is no inference.ModelInferRequest";

// All levels together, with the sizes of the shapes; not what the elements take.
inline constexpr std::size_t kMostFields = 16'384;

// Two bytes on the wire would become some hundred in memory, each time. Errors: kInvalidArgument
// naming the top-level field with which there were too many; also where the message is malformed.
// Cost: no allocation, and no look at packed or raw elements.
Status CheckFieldCount(std::string_view message);

}  // namespace baton::api
