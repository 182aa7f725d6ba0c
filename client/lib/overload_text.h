// An overload demonstration as a table for people and as JSON for programs.
#pragma once

#include <string>

#include "client/lib/overload_result.h"

namespace baton::client {

// "0.5x", "10x": how a step is called.
std::string FactorText(double factor);

// Several lines, ending in a line break: what was offered, then a table for each curve with its
// recovery and, where the generator was a limit, a warning that names the steps. What a server sent
// is in it with control characters replaced.
std::string ToTable(const OverloadResult& result);

// One object in one line, without a line break. Times are `_ms`, rates `_per_second`.
std::string ToJson(const OverloadResult& result);

}  // namespace baton::client
