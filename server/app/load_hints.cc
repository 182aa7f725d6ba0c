// Rates and shares of a second.
#include "server/app/load_hints.h"

#include <algorithm>
#include <chrono>
#include <sys/resource.h>
#include <utility>

namespace baton::app {

void LoadHints::Measure(const Counts& counts, const Capacity& capacity, SteadyTime now,
                        Duration running) {
  const Counts before = std::exchange(counts_, counts);
  const SteadyTime since = std::exchange(measured_, now);
  if (since == SteadyTime() || now <= since) return;
  const double seconds = ToSeconds(now - since);
  const auto per_second = [seconds](std::uint64_t count, std::uint64_t earlier) {
    return static_cast<double>(count - std::min(count, earlier)) / seconds;
  };
  const auto cores = static_cast<double>(std::max<std::size_t>(capacity.cores, 1));
  const auto workers = static_cast<double>(std::max<std::size_t>(capacity.workers, 1));
  cpu_utilization_ = ToSeconds(counts.cpu_time - before.cpu_time) / seconds / cores;
  const double busy = std::max(counts.busy_seconds - before.busy_seconds, ToSeconds(running));
  application_utilization_ = busy / seconds / workers;
  requests_per_second_ = per_second(counts.answered, before.answered);
  errors_per_second_ = per_second(counts.failed, before.failed);
}

api::LoadHint LoadHints::Make(const RequestRecord& record) const {
  api::LoadHint hint;
  hint.format = record.load_format;
  hint.report.cpu_utilization = cpu_utilization_;
  hint.report.application_utilization = application_utilization_;
  hint.report.requests_per_second = requests_per_second_;
  hint.report.errors_per_second = errors_per_second_;
  hint.report.waiting =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, record.endpoint->waiting.load()));
  if (record.was_decided) hint.report.predicted_wait = record.predicted_wait;
  return hint;
}

Duration ProcessCpuTime() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return Duration::zero();
  const auto duration = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return duration(usage.ru_utime) + duration(usage.ru_stime);
}

}  // namespace baton::app
