// Reads /proc/self, getrusage and getrlimit.
#include "server/metrics/process_metrics.h"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include <dirent.h>

namespace baton::metrics {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string_view> SplitAtSpaces(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    if (end != 0) words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

bool ReadNumber(std::string_view word, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

// Reads one figure of /proc/self/stat.
template <typename Pick>
std::function<double()> FromStat(Pick pick) {
  return [pick] {
    const auto stat = ParseProcessStat(ReadAll("/proc/self/stat"));
    return stat ? pick(*stat) : kUnknown;
  };
}

double CpuSeconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return kUnknown;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double LimitOf(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &limit) != 0) return kUnknown;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}
double MaxDescriptors() { return LimitOf(RLIMIT_NOFILE); }

// The sixth figure of /proc/self/statm, in pages.
double DataBytes() {
  const std::string text = ReadAll("/proc/self/statm");
  const auto words = SplitAtSpaces(text);
  std::uint64_t pages = 0;
  if (words.size() < 6 || !ReadNumber(words[5], pages)) return kUnknown;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  // Out of descriptors is when this figure matters most.
  if (folder == nullptr) return errno == EMFILE ? MaxDescriptors() : kUnknown;
  int entries = 0;
  while (readdir(folder) != nullptr) ++entries;
  closedir(folder);
  return entries - 3;  // ".", ".." and the folder itself
}

// Seconds since 1970; the boot time is the kernel's own.
double StartTime() {
  const std::string text = ReadAll("/proc/stat");
  const auto stat = ParseProcessStat(ReadAll("/proc/self/stat"));
  constexpr std::string_view kBoot = "\nbtime ";
  const std::size_t at = text.find(kBoot);
  if (!stat || at == std::string::npos) return kUnknown;
  const std::size_t from = at + kBoot.size();
  std::uint64_t boot = 0;
  const auto line = std::string_view(text).substr(from, text.find('\n', from) - from);
  if (!ReadNumber(line, boot)) return kUnknown;
  return static_cast<double>(boot) +
         static_cast<double>(stat->start_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  // proc(5) numbers the fields from 1; the first one after the name is field 3.
  const auto words = SplitAtSpaces(text.substr(name_end + 1));
  const auto field = [&words](std::size_t number, std::uint64_t& out) {
    return number - 3 < words.size() && ReadNumber(words[number - 3], out);
  };
  ProcessStat stat;
  if (!field(20, stat.threads) || !field(22, stat.start_ticks) || !field(23, stat.virtual_bytes) ||
      !field(24, stat.resident_pages)) {
    return std::nullopt;
  }
  return stat;
}

void AddProcessMetrics(Registry& registry) {
  registry.AddCounterFunction("process_cpu_seconds_total",
                              "User and system CPU time spent by the process, in seconds.", {},
                              CpuSeconds);
  registry.AddGauge("process_resident_memory_bytes", "Memory held in RAM, in bytes.", {},
                    FromStat([](const ProcessStat& stat) {
                      return static_cast<double>(stat.resident_pages) *
                             static_cast<double>(sysconf(_SC_PAGESIZE));
                    }));
  registry.AddGauge(
      "process_virtual_memory_bytes", "Address space in use, in bytes.", {},
      FromStat([](const ProcessStat& stat) { return static_cast<double>(stat.virtual_bytes); }));
  registry.AddGauge("process_virtual_memory_max_bytes",
                    "How much address space the process may use, in bytes.", {},
                    [] { return LimitOf(RLIMIT_AS); });
  registry.AddGauge(
      "process_heap_bytes",
      "Address space for the heap, with the stacks and what else is written, in bytes.", {},
      DataBytes);
  registry.AddGauge("process_open_fds", "Open file descriptors.", {}, OpenDescriptors);
  registry.AddGauge("process_max_fds", "Most file descriptors that may be open.", {},
                    MaxDescriptors);
  registry.AddGauge(
      "process_threads", "Threads of the process.", {},
      FromStat([](const ProcessStat& stat) { return static_cast<double>(stat.threads); }));
  registry.AddGauge("process_start_time_seconds",
                    "When the process started, in seconds since 1970.", {},
                    [start = StartTime()] { return start; });
}

}  // namespace baton::metrics
