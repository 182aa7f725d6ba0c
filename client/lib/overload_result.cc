// From load reports to the figures of a step, and their medians.
#include "client/lib/overload_result.h"

#include <algorithm>
#include <functional>
#include <set>

#include "server/base/check.h"

namespace baton::client {
namespace {

constexpr std::string_view kLateCause = "late_prediction";

double Number(std::uint64_t count) { return static_cast<double>(count); }

// Answers that are no predictions by their cause, the rest by what else is known of them; together
// they are the requests that were not good.
std::map<std::string, double> MissesOf(const LoadReport& report) {
  std::map<std::string, double> misses;
  std::uint64_t explained = report.good();
  const auto add = [&](const std::string& cause, std::uint64_t count) {
    if (count == 0) return;
    misses[cause] += report.PerSecond(count);
    explained += count;
  };
  for (const auto& [cause, count] : report.causes()) add(cause, count);
  for (const End end : kAllEnds) {
    if (end != End::kAnswered) add(std::string(ToText(end)), report.ended(end));
  }
  const std::uint64_t predictions = report.prediction_latency().count();
  add(std::string(kLateCause), predictions - std::min(predictions, report.good()));
  add("other", report.requests() - std::min(report.requests(), explained));
  return misses;
}

std::optional<Duration> QuantileOf(const LatencyHistogram& latency, double ratio) {
  if (latency.count() == 0) return std::nullopt;
  return latency.Quantile(ratio);
}

template <typename Get>
std::vector<double> Collect(const std::vector<OverloadStep>& runs, Get get) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const OverloadStep& run : runs) values.push_back(get(run));
  return values;
}

template <typename Get>
double MedianOf(const std::vector<OverloadStep>& runs, Get get) {
  return SpreadOf(Collect(runs, get)).median;
}

// Of the runs that have one.
std::optional<Duration> MedianTime(const std::vector<OverloadStep>& runs,
                                   std::optional<Duration> OverloadStep::*time) {
  std::vector<double> values;
  for (const OverloadStep& run : runs) {
    if (run.*time) values.push_back(static_cast<double>((run.*time)->count()));
  }
  if (values.empty()) return std::nullopt;
  return Duration(static_cast<Duration::rep>(SpreadOf(std::move(values)).median));
}

std::map<std::string, double> MedianMisses(const std::vector<OverloadStep>& runs) {
  std::set<std::string> causes;
  for (const OverloadStep& run : runs) {
    for (const auto& [cause, rate] : run.misses) causes.insert(cause);
  }
  std::map<std::string, double> misses;
  for (const std::string& cause : causes) {
    const double rate = MedianOf(runs, [&](const OverloadStep& run) {
      const auto found = run.misses.find(cause);
      return found == run.misses.end() ? 0.0 : found->second;
    });
    if (rate > 0) misses[cause] = rate;
  }
  return misses;
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const double upper = values[values.size() / 2];
  const double lower = values[(values.size() - 1) / 2];
  return Spread{(lower + upper) / 2, values.front(), values.back()};
}

OverloadStep StepOf(double factor, const LoadReport& report) {
  OverloadStep step;
  step.factor = factor;
  step.offered = SpreadOf({report.PerSecond(report.requests())});
  step.goodput = SpreadOf({report.PerSecond(report.good())});
  step.misses = MissesOf(report);
  step.late = Number(report.late());
  if (report.requests() > 0) {
    step.in_budget_ratio =
        Number(report.ended(End::kAnswered) - report.late()) / Number(report.requests());
  }
  step.refuse_p50 = QuantileOf(report.refusal_latency(), 0.5);
  step.refuse_p99 = QuantileOf(report.refusal_latency(), 0.99);
  step.prediction_p99 = QuantileOf(report.prediction_latency(), 0.99);
  step.lag_p99 = report.generator().lag.Quantile(0.99);
  step.waited_for_connection = Number(report.generator().waited_for_connection);
  step.was_limited = report.generator().WasLimit(report.requests());
  return step;
}

OverloadStep MedianStep(const std::vector<OverloadStep>& runs) {
  BATON_CHECK(!runs.empty());
  using Run = OverloadStep;
  OverloadStep step;
  step.factor = runs.front().factor;
  step.offered = SpreadOf(Collect(runs, [](const Run& run) { return run.offered.median; }));
  step.goodput = SpreadOf(Collect(runs, [](const Run& run) { return run.goodput.median; }));
  step.misses = MedianMisses(runs);
  step.late = MedianOf(runs, [](const Run& run) { return run.late; });
  step.in_budget_ratio = MedianOf(runs, [](const Run& run) { return run.in_budget_ratio; });
  step.refuse_p50 = MedianTime(runs, &Run::refuse_p50);
  step.refuse_p99 = MedianTime(runs, &Run::refuse_p99);
  step.prediction_p99 = MedianTime(runs, &Run::prediction_p99);
  const auto most = [&](auto get) { return SpreadOf(Collect(runs, get)).high; };
  step.lag_p99 = Duration(static_cast<Duration::rep>(
      most([](const Run& run) { return static_cast<double>(run.lag_p99.count()); })));
  step.waited_for_connection = most([](const Run& run) { return run.waited_for_connection; });
  step.was_limited =
      std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.was_limited; });
  return step;
}

double OverloadResult::Peak() const {
  double peak = 0;
  for (const OverloadCurve& curve : curves) {
    for (const OverloadStep& step : curve.steps) peak = std::max(peak, step.goodput.median);
  }
  return peak;
}

}  // namespace baton::client
