// One counter a status.
#include "server/http/static_metrics.h"

#include <string>

namespace baton::http {

StaticMetrics::StaticMetrics(metrics::Registry& registry) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    counters_[i] =
        registry.AddCounter("baton_static_requests_total", "Requests for static files, by status.",
                            {{"status", std::to_string(kStatuses[i])}});
  }
}

void StaticMetrics::Count(metrics::Shard& shard, int status) const {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (kStatuses[i] == status) shard.Add(counters_[i]);
  }
}

}  // namespace baton::http
