// How many cores the process may use, and what follows from that.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace baton::app {

inline constexpr int kMostConductors = 64;

// Those that it may run on, and no more than the quota of its control group is worth. At least 1.
std::size_t UsableCores();

// What a quota is worth in whole cores, rounded up; `text` as in cpu.max of a control group (v2),
// the microseconds of each period. Empty without a quota.
std::optional<std::size_t> CoresOfQuota(std::string_view text);

// What `--conductors auto` means: one for four cores, 1 to 8. The other cores are the workers'.
std::size_t ConductorsFor(std::size_t cores);

}  // namespace baton::app
