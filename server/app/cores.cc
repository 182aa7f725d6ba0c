// The scheduler's mask, and the control group as a container sees its own.
#include "server/app/cores.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include <sched.h>

#include "server/base/whole_number.h"

namespace baton::app {
namespace {

constexpr const char* kQuotaFile = "/sys/fs/cgroup/cpu.max";
constexpr std::size_t kCoresPerConductor = 4;
constexpr std::size_t kMostByItself = 8;

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
  text = text.substr(0, text.find('\n'));
  const std::size_t space = text.find(' ');
  if (space == text.npos) return std::nullopt;
  const auto quota = ParseWholeNumber<std::size_t>(text.substr(0, space));
  const auto period = ParseWholeNumber<std::size_t>(text.substr(space + 1));
  if (quota.value_or(0) == 0 || period.value_or(0) == 0) return std::nullopt;
  return (*quota + *period - 1) / *period;
}

std::size_t UsableCores() {
  std::ifstream file(kQuotaFile);
  std::string text;
  std::getline(file, text);
  const std::size_t cores = std::max<std::size_t>(1, CoresOfMask());
  return std::min(cores, CoresOfQuota(text).value_or(cores));
}

std::size_t ConductorsFor(std::size_t cores) {
  return std::clamp<std::size_t>(cores / kCoresPerConductor, 1, kMostByItself);
}

}  // namespace baton::app
