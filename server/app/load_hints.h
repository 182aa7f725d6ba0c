// How busy the server is, measured once a second, for answers that shall tell a load balancer.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "server/api/load_report.h"
#include "server/app/request_records.h"
#include "server/base/clock.h"

namespace baton::app {

// Threads: Measure by one; the rest by any.
class LoadHints {
 public:
  // Counts since the start, all that grow.
  struct Counts {
    Duration cpu_time = Duration::zero();  // of the process
    double busy_seconds = 0;               // of all workers
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;  // of these, refused, timed out or failed
  };
  struct Capacity {
    std::size_t cores = 1;
    std::size_t workers = 1;
  };

  // Figures are of the time since the call before, and none until the second one. `running`: of
  // that time what runs now has taken, which is in busy_seconds only once it has ended.
  void Measure(const Counts& counts, const Capacity& capacity, SteadyTime now,
               Duration running = Duration::zero());

  // What the request asked to be told; none: nothing.
  std::optional<api::LoadHint> For(const RequestRecord& record) const {
    if (record.load_format == api::LoadFormat::kNone && !record.explain) return std::nullopt;
    return Make(record);
  }

 private:
  api::LoadHint Make(const RequestRecord& record) const;

  // Of the one thread that measures.
  Counts counts_;
  SteadyTime measured_;

  // Any thread (atomic): each by itself, of the same second or of the next.
  std::atomic<double> cpu_utilization_{0};
  std::atomic<double> application_utilization_{0};
  std::atomic<double> requests_per_second_{0};
  std::atomic<double> errors_per_second_{0};
};

// User and system time of the process.
Duration ProcessCpuTime();

}  // namespace baton::app
