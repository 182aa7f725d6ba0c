// Whatever a client can call under a budget, with the books that are kept of it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "server/base/clock.h"
#include "server/metrics/registry.h"
#include "server/serve/answer.h"
#include "server/serve/last_good.h"

namespace baton::serve {

// Where a request's time went; also the `stage` label. The stages sum to the whole.
enum class Stage { kRead, kQueue, kBatch, kRun, kWrite };
inline constexpr std::array kAllStages = {Stage::kRead, Stage::kQueue, Stage::kBatch, Stage::kRun,
                                          Stage::kWrite};
std::string_view ToText(Stage stage);

// The children of one endpoint, bound once: recording is one index away. docs/metrics.md has the
// meanings.
struct EndpointMetrics {
  metrics::Counter received;
  std::array<metrics::Counter, kAllAnswers.size()> requests;
  std::array<metrics::Counter, kAllCauses.size()> misses;  // [kNone] stays unbound
  metrics::Counter late_answers;
  std::array<metrics::Histogram, kAllAnswers.size()> duration;
  metrics::Histogram budget;
  metrics::Histogram budget_used;
  std::array<metrics::Histogram, kAllStages.size()> stage;
  metrics::Histogram refusal_duration;
  metrics::Counter wasted_run_seconds;
  metrics::Histogram batch_size;
  metrics::Counter inferences;
  metrics::Counter batches;
  metrics::Counter cache_hits;
  metrics::Counter cache_misses;
  metrics::Counter cache_joined;

  static EndpointMetrics Make(metrics::Registry& registry, const std::string& endpoint);
};

// Identity and books; lives as long as the server.
//
// Threads: set once, but for the atomics.
struct Endpoint {
  enum class Kind { kModel, kRoute, kTest, kUnknown };

  std::string name;  // also the `endpoint` label
  Kind kind = Kind::kRoute;
  std::uint32_t index = 0;  // of per-endpoint tables
  EndpointMetrics metrics;
  mutable std::atomic<std::int64_t> waiting{0};       // tickets that wait
  mutable LastGood last_good{std::size_t{8} << 20U};  // answers kept as fallbacks
};

}  // namespace baton::serve
