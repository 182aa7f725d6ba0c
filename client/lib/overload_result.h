// What an overload demonstration found, as the figures of its table and its chart. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/lib/load_report.h"
#include "server/base/clock.h"

namespace baton::client {

// The median of what the repeats gave, and the lowest and highest of it.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

// All zero for no values; the mean of the middle two for an even number of them.
Spread SpreadOf(std::vector<double> values);

// One step on one server: load of `factor` times the capacity. Rates are per second.
struct OverloadStep {
  double factor = 0;
  Spread offered;
  Spread goodput;
  std::map<std::string, double> misses;  // by cause: whatever was no good answer
  double late = 0;                       // answers of any kind past the budget
  double in_budget_ratio = 0;  // of the requests: answered inside the budget, in whatever way
  std::optional<Duration> refuse_p50;  // none: nothing was refused
  std::optional<Duration> refuse_p99;
  std::optional<Duration> prediction_p99;  // none: no prediction
  Duration lag_p99 = Duration::zero();     // how late the generator sent, with a connection free
  double waited_for_connection = 0;
  bool was_limited = false;  // by the generator, in any of the repeats
};

// The figures of one run of a step.
OverloadStep StepOf(double factor, const LoadReport& report);

// The medians over the runs of one step. Requires: at least one.
OverloadStep MedianStep(const std::vector<OverloadStep>& runs);

// One server at every step.
struct OverloadCurve {
  std::string name;
  std::string server;               // HOST:PORT
  std::vector<OverloadStep> steps;  // by rising factor
  // A try each: how long after the highest load it was back to normal at `kRecoveryFactor` of the
  // capacity; none: not in the time of a step.
  std::vector<std::optional<Duration>> recoveries;

  static constexpr double kRecoveryFactor = 0.5;
};

struct OverloadResult {
  std::string target;  // "POST /test/spin"
  Duration budget = Duration::zero();
  Duration step_time = Duration::zero();  // how long each was counted
  std::size_t repeats = 1;
  std::size_t connections = 0;
  double capacity = 0;          // per second
  std::string capacity_source;  // how it is known, in words
  std::vector<OverloadCurve> curves;
  bool was_interrupted = false;

  // The highest goodput of any step of any curve: what shares of the peak are of. One for all
  // curves, so that a server that never gets far does not look well beside one that does.
  double Peak() const;
};

}  // namespace baton::client
