// Prints an exposition that uses every kind of metric, for promtool to judge.
#include <iostream>

#include "server/metrics/process_metrics.h"
#include "server/metrics/registry.h"

int main() {
  using namespace baton::metrics;
  Registry registry;
  const Counter requests = registry.AddCounter("baton_requests_total", "Requests by answer.",
                                               {{"endpoint", "a\"b\\c\nd"}, {"answer", "error"}});
  const Histogram latency = registry.AddHistogram("baton_request_duration_seconds", "Duration.",
                                                  kLatencyBuckets, {{"endpoint", "a"}});
  const Histogram stage = registry.AddHistogram("baton_stage_duration_seconds", "Stages.",
                                                kStageBuckets, {{"stage", "run"}});
  const Histogram ratio =
      registry.AddHistogram("baton_request_budget_used_ratio", "Used.", kRatioBuckets);
  registry.AddGauge("baton_queue_depth", "Depth.", {{"endpoint", "a"}}, [] { return 3; });
  registry.AddCounterFunction("baton_listen_drops_total", "Drops.", {{"listener", "http"}},
                              [] { return 4; });
  AddProcessMetrics(registry);
  Shard* const shard = registry.TakeShard();
  shard->Add(requests);
  for (const double value : {0.0, 1e-4, 0.3, 99.0}) {
    for (const Histogram& histogram : {latency, stage, ratio}) shard->Observe(histogram, value);
  }
  registry.GiveBack(shard);
  std::cout << registry.Expose();
  return std::cout.flush() ? 0 : 1;
}
