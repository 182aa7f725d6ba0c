// What a metric and its labels may be called: Prometheus' grammar and the project's habits.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class Kind { kCounter, kGauge, kHistogram };

// The rule that the name breaks, "" when it breaks none.
std::string_view BrokenNameRule(Kind kind, const std::string& name, const std::string& help);
std::string_view BrokenLabelRule(const Labels& labels);
std::string_view BrokenBoundsRule(const std::vector<double>& bounds);

}  // namespace baton::metrics
