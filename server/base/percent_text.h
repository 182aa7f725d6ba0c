// Shares as operators write them: "1%", "99.9%".
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton {

// A decimal number from 0 to 100 and a '%': 0.999 of "99.9%", as if 0.999 stood in the source.
// kInvalidArgument for anything else.
Result<double> ParsePercent(std::string_view text);

// The shortest form, with at most 10 decimals: "99.9%" of 0.999.
std::string FormatPercent(double share);

}  // namespace baton
