// One counter a status.
#include "server/http/static_metrics.h"

#include <algorithm>
#include <string>

#include "server/base/check.h"

namespace baton::http {

StaticMetrics::StaticMetrics(metrics::Registry& registry) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    counters_[i] = registry.AddCounter(
        "baton_static_requests_total",
        "Requests for static files, by status; they are in no other count of requests.",
        {{"status", std::to_string(kStatuses[i])}});
  }
}

void StaticMetrics::Count(metrics::Shard& shard, int status) const {
  const auto found = std::find(kStatuses.begin(), kStatuses.end(), status);
  BATON_DCHECK(found != kStatuses.end());
  if (found != kStatuses.end()) {
    shard.Add(counters_[static_cast<std::size_t>(found - kStatuses.begin())]);
  }
}

}  // namespace baton::http
