// What is counted of static files.
#pragma once

#include <array>

#include "server/metrics/registry.h"

namespace baton::http {

// baton_static_requests_total, by status. Threads: Count by the owner of the shard.
class StaticMetrics {
 public:
  // Requires: once a registry.
  explicit StaticMetrics(metrics::Registry& registry);

  void Count(metrics::Shard& shard, int status) const;

 private:
  static constexpr std::array kStatuses = {200, 204, 206, 304, 403, 404, 405, 412, 416, 500, 503};

  std::array<metrics::Counter, kStatuses.size()> counters_;
};

}  // namespace baton::http
