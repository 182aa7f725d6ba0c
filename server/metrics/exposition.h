// Families as the lines that a scrape is answered with.
//
// Why not the library's own serialiser: it knows neither OpenMetrics nor exemplars, and it writes
// through a stream, which makes it the dearest part of a scrape.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "server/base/clock.h"
#include "server/metrics/format.h"
#include "server/metrics/shard.h"

namespace baton::metrics {

// A family as it was read, with what prometheus-cpp's has no place for.
struct CollectedFamily {
  prometheus::MetricFamily family;
  // One for each bucket, those of one metric after the other; empty where none are kept.
  std::vector<Exemplar> exemplars;
};

// `unix_offset`: what makes the time since 1970 of an exemplar's.
//
// A number is written alike in both formats, and a bucket's bound as OpenMetrics' canonical one
// ("1.0"): which format was negotiated changes no series. Families are expected to keep the rules
// of naming.h. `between` is called before each metric.
std::string Write(const std::vector<CollectedFamily>& families, Format format, Duration unix_offset,
                  const std::function<void()>& between);

}  // namespace baton::metrics
