// What is doubtful about the settings of an endpoint, given what is known of its runs.
#include "server/control/endpoint_warnings.h"

#include <algorithm>
#include <chrono>

#include "server/base/duration_text.h"

namespace baton::control {
namespace {

constexpr Duration kLeastGuard = 1ms;

std::string Rounded(Duration duration) {
  return FormatDuration(std::chrono::ceil<std::chrono::microseconds>(duration));
}

}  // namespace

std::vector<std::string> WarningsOf(const EndpointState& state) {
  if (state.estimate.samples == 0) return {};
  const Duration guard = std::min(kLeastGuard, state.default_budget / 10);
  const Duration needed = state.estimate.q50 + guard;
  if (state.default_budget >= needed) return {};
  return {"default_budget is " + FormatDuration(state.default_budget) +
          ", less than half of the runs need: their median is " + Rounded(state.estimate.q50) +
          " of " + std::to_string(state.estimate.samples) +
          " runs, and an answer has to be there " + Rounded(guard) + " before the deadline"};
}

}  // namespace baton::control
