// The rules, most of them what `promtool check metrics` would complain about later.
#include "server/metrics/naming.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <prometheus/check_names.h>

namespace baton::metrics {

std::string_view BrokenNameRule(Kind kind, const std::string& name, const std::string& help) {
  if (!prometheus::CheckMetricName(name)) return "the name must match [a-zA-Z_:][a-zA-Z0-9_:]*";
  if (name.ends_with("_total") != (kind == Kind::kCounter)) {
    return "counters, and only they, end in _total";
  }
  for (const std::string_view suffix : {"_count", "_sum", "_bucket"}) {
    if (name.ends_with(suffix)) return "_count, _sum and _bucket belong to histograms' samples";
  }
  if (help.empty()) return "a help text must be given";
  // The library writes help texts as they are.
  if (help.find_first_of("\n\\") != std::string::npos)
    return "the help text must be one plain line";
  return {};
}

std::string_view BrokenLabelRule(const Labels& labels) {
  std::set<std::string_view> names;
  for (const auto& [name, value] : labels) {
    if (!prometheus::CheckLabelName(name)) return "a label must match [a-zA-Z_][a-zA-Z0-9_]*";
    if (name == "le" || name == "quantile") return "the labels le and quantile are reserved";
    if (!names.insert(name).second) return "each label may stand once";
  }
  return {};
}

std::string_view BrokenBoundsRule(const std::vector<double>& bounds) {
  if (bounds.empty()) return "a histogram needs a bucket";
  if (!std::all_of(bounds.begin(), bounds.end(), [](double b) { return std::isfinite(b); })) {
    return "bounds must be finite: +Inf is added by itself";
  }
  if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) != bounds.end()) {
    return "bounds must ascend";
  }
  return {};
}

}  // namespace baton::metrics
