// What bodies that were expanded, and answers that were compressed, came to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "server/metrics/registry.h"

namespace baton::http {

// Threads: any.
struct GzipCounts {
  std::atomic<std::uint64_t> received_gzip_bytes{0};
  std::atomic<std::uint64_t> received_plain_bytes{0};  // the same bodies expanded
  std::atomic<std::uint64_t> sent_gzip_bytes{0};       // also when the answer then came too late
  std::atomic<std::uint64_t> sent_plain_bytes{0};      // the same before they were compressed
  std::atomic<std::uint64_t> too_large{0};
  std::atomic<std::uint64_t> corrupt{0};

  // Its metrics hold it for as long as the registry lives.
  static std::shared_ptr<GzipCounts> Make(metrics::Registry& registry);
};

}  // namespace baton::http
