// Upper bounds of the catalogue's histograms (docs/metrics.md).
#pragma once

#include <vector>

namespace baton::metrics {

extern const std::vector<double> kLatencyBuckets;  // LAT, seconds: whole requests and budgets
extern const std::vector<double> kStageBuckets;    // STG, seconds: parts of a request
extern const std::vector<double> kBatchBuckets;    // requests in a batch
extern const std::vector<double> kRatioBuckets;    // RAT: share of the budget, 1 is the deadline

}  // namespace baton::metrics
