// The scheduler's mask, and the control group as a container sees its own.
#include "server/app/cores.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <thread>

#include <sched.h>

namespace baton::app {
namespace {

constexpr const char* kQuotaFile = "/sys/fs/cgroup/cpu.max";
constexpr std::size_t kCoresPerConductor = 4;
constexpr std::size_t kMostConductors = 8;

// The whole number at the front of `text`, which is taken off it, and a space behind it. 0 for
// anything else.
std::size_t TakeNumber(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

std::size_t CoresOfMask() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) {
    return static_cast<std::size_t>(CPU_COUNT(&cores));
  }
  return std::thread::hardware_concurrency();  // there are more than the set has room for
}

}  // namespace

std::optional<std::size_t> CoresOfQuota(std::string_view text) {
  const std::size_t quota = TakeNumber(text);
  const std::size_t period = TakeNumber(text);
  if (quota == 0 || period == 0) return std::nullopt;
  return (quota + period - 1) / period;
}

std::size_t UsableCores() {
  std::ifstream file(kQuotaFile);
  std::string text;
  std::getline(file, text);
  const std::size_t cores = std::max<std::size_t>(1, CoresOfMask());
  return std::min(cores, CoresOfQuota(text).value_or(cores));
}

std::size_t ConductorsFor(std::size_t cores) {
  return std::clamp<std::size_t>(cores / kCoresPerConductor, 1, kMostConductors);
}

}  // namespace baton::app
