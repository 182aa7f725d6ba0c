// By which rules requests are let in and served.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace baton::serve {

// The others exist to be compared with: each loses nearly all goodput at twice the capacity.
enum class SchedulingPolicy {
  kBaton,  // by prediction: refuse what would be late, earliest deadline first, drop the doomed
  kEdf,    // everybody is let in; earliest deadline first; what has expired is dropped
  kFifo,   // everybody is let in; in order of arrival
};
inline constexpr std::array kAllSchedulingPolicies = {
    SchedulingPolicy::kBaton, SchedulingPolicy::kEdf, SchedulingPolicy::kFifo};

constexpr std::string_view ToText(SchedulingPolicy policy) {
  switch (policy) {
    case SchedulingPolicy::kBaton: return "baton";
    case SchedulingPolicy::kEdf: return "edf";
    case SchedulingPolicy::kFifo: return "fifo";
  }
  return "";
}

constexpr std::optional<SchedulingPolicy> ParseSchedulingPolicy(std::string_view text) {
  for (const SchedulingPolicy policy : kAllSchedulingPolicies) {
    if (ToText(policy) == text) return policy;
  }
  return std::nullopt;
}

}  // namespace baton::serve
