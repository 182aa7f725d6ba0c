// Sizes in bytes as operators write them: "8MiB", "512B".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton {

// A whole number and a unit out of B, KiB, MiB, GiB; a number alone is bytes. kInvalidArgument for
// anything else, and for more than 1024GiB.
Result<std::uint64_t> ParseSize(std::string_view text);

// The exact form in the largest unit that divides it: "8MiB", "1500B", "0B".
std::string FormatSize(std::uint64_t bytes);

}  // namespace baton
