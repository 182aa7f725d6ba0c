// The parameters that an operator gives a model, as text by key.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::models {

using Parameters = std::map<std::string, std::string>;

// Every error here is kInvalidArgument; its field is "parameters.KEY".

// Refuses keys that are not among `known`. `whose` begins the sentence: "the builtin 'reverse'".
Status CheckKeys(const Parameters& parameters, std::span<const std::string_view> known,
                 std::string_view whose);

tl::unexpected<Error> BadParameter(std::string_view key, std::string_view expected,
                                   std::string_view got);

// "0.5, -1e3, 2" with or without brackets around it: finite numbers, at least one.
Result<std::vector<float>> ParseFloats(std::string_view key, std::string_view text);
// "[-1, 30]", "-1,30" or "[]": each -1 or not negative.
Result<Shape> ParseShape(std::string_view key, std::string_view text);

}  // namespace baton::models
