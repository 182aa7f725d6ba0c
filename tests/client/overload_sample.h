// A demonstration with figures made up by hand: one server that keeps its goodput, one that does
// not.
#pragma once

#include "client/lib/overload_result.h"

namespace baton::client {

inline OverloadStep SampleStep(double factor, double goodput) {
  OverloadStep step;
  step.factor = factor;
  step.offered = SpreadOf({factor * 200});
  step.goodput = SpreadOf({goodput});
  step.in_budget_ratio = 1;
  step.prediction_p99 = 12'300us;
  return step;
}

inline OverloadResult SampleOverload() {
  OverloadResult result;
  result.target = "POST /test/spin";
  result.budget = 50ms;
  result.step_time = 5s;
  result.connections = 200;
  result.capacity = 200;
  result.capacity_source = "as given";
  OverloadCurve baton;
  baton.name = "baton";
  baton.server = "127.0.0.1:8080";
  baton.steps = {SampleStep(0.5, 100), SampleStep(1, 190), SampleStep(10, 200)};
  baton.steps[2].misses = {{"no_time", 1790}, {"expired_running", 10}};
  baton.steps[2].refuse_p50 = 100us;
  baton.steps[2].refuse_p99 = 900us;
  baton.recoveries = {200ms};
  OverloadCurve fifo;
  fifo.name = "fifo";
  fifo.server = "127.0.0.1:9080";
  fifo.steps = {SampleStep(0.5, 100), SampleStep(1, 150), SampleStep(10, 0)};
  fifo.steps[2].prediction_p99.reset();
  fifo.recoveries = {std::nullopt};
  result.curves = {baton, fifo};
  return result;
}

}  // namespace baton::client
