// What is a model's name, the number of a version, and a label for one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace baton::models {

// [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool IsModelName(std::string_view name);

// A positive integer; without leading zeros, so that no two folders are the same version.
std::optional<std::int64_t> ParseVersion(std::string_view text);

// A name that cannot be taken for the number of a version: "stable".
bool IsVersionLabel(std::string_view text);

}  // namespace baton::models
