// The standard process_* metrics, from what the kernel says about this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/metrics/registry.h"

namespace baton::metrics {

// Adds all that Prometheus' clients agree on: process_cpu_seconds_total,
// process_resident_memory_bytes, process_virtual_memory_bytes, process_virtual_memory_max_bytes,
// process_heap_bytes, process_open_fds, process_max_fds, process_threads and
// process_start_time_seconds, each read at every scrape; NaN where the kernel does not say.
void AddProcessMetrics(Registry& registry);

// What is used of /proc/<pid>/stat.
struct ProcessStat {
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // after boot, in clock ticks
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};
// Empty when `text` is not such a file. The program's name, second in it, may hold any character.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

}  // namespace baton::metrics
