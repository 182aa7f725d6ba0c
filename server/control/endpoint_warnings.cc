// What is doubtful about the settings of an endpoint, given what is known of its runs.
#include "server/control/endpoint_warnings.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "server/base/duration_text.h"

namespace baton::control {
namespace {

constexpr Duration kLeastGuard = 1ms;

std::string Rounded(Duration duration) {
  return FormatDuration(std::chrono::ceil<std::chrono::microseconds>(duration));
}

// Those of the warm-up are not counted as samples.
std::string Runs(std::uint64_t samples) {
  return samples == 0 ? " in the runs at load" : " of " + std::to_string(samples) + " runs";
}

}  // namespace

std::vector<std::string> WarningsOf(const EndpointState& state) {
  if (state.estimate.q50 == Duration::zero()) return {};
  const Duration guard = std::min(kLeastGuard, state.default_budget / 10);
  const Duration needed = state.estimate.q50 + guard;
  if (state.default_budget >= needed) return {};
  return {"default_budget is " + FormatDuration(state.default_budget) +
          ", less than half of the runs need: their median is " + Rounded(state.estimate.q50) +
          Runs(state.estimate.samples) + ", and an answer has to be there " + Rounded(guard) +
          " before the deadline"};
}

}  // namespace baton::control
