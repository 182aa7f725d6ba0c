// What is to be written is decided before anything is formatted.
#include "server/app/access_log.h"

#include <atomic>
#include <string>
#include <string_view>

#include "server/app/conductor_books.h"
#include "server/base/log.h"
#include "server/trace/sampling.h"

namespace baton::app {
namespace {

// Read by conductors on their own; a change may reach them a moment later.
std::atomic<std::uint64_t> g_first_in_sample{trace::kFirstOfNone};
std::atomic<std::uint32_t> g_misses_per_second{AccessLogOptions().misses_per_second};
std::atomic<std::uint32_t> g_samples_per_second{AccessLogOptions().samples_per_second};

void Write(LogLevel level, const RequestRecord& record, SteadyTime done) {
  const api::StageTimes stages = StagesOf(record, done);
  const std::string trace_id = ToText(record.trace.trace_id);
  Log(level, "request",
      {{"endpoint", record.endpoint->name},
       {"trace_id", trace_id},
       {"request_id", static_cast<std::uint64_t>(record.id)},
       {"status", record.status},
       {"answer", ToText(record.answer)},
       {"cause", record.cause == serve::Cause::kNone ? "none" : ToText(record.cause)},
       {"criticality", ToText(record.criticality)},
       {"version", record.version ? std::string_view(record.version->number()) : "none"},
       {"budget_ms", ToMillis(record.deadline.budget())},
       {"spent_ms", ToMillis(done - record.deadline.arrival())},
       {"read_ms", ToMillis(stages.read)},
       {"queue_ms", ToMillis(stages.queue)},
       {"batch_ms", ToMillis(stages.batch)},
       {"run_ms", ToMillis(stages.run)},
       {"write_ms", ToMillis(stages.write)}});
}

}  // namespace

void SetAccessLog(const AccessLogOptions& options) {
  g_first_in_sample = trace::FirstInShare(options.sampling);
  g_misses_per_second = options.misses_per_second;
  g_samples_per_second = options.samples_per_second;
}

void AccessLog::Note(const RequestRecord& record, SteadyTime done) {
  const bool is_miss = IsMiss(record.answer);
  const std::uint64_t first = g_first_in_sample.load(std::memory_order_relaxed);
  const bool is_wanted = is_miss || trace::RandomPart(record.trace.trace_id) >= first;
  const bool has_others = misses_.left_out + samples_.left_out > 0;
  if (!is_wanted && !has_others) return;
  if (done - second_ >= 1s) BeginSecond(done);
  if (!is_wanted) return;
  const LogLevel level = is_miss ? LogLevel::kWarning : LogLevel::kInfo;
  if (!IsLogged(level)) return;
  Share& share = is_miss ? misses_ : samples_;
  const auto& most = is_miss ? g_misses_per_second : g_samples_per_second;
  if (share.written >= most.load(std::memory_order_relaxed)) {
    ++share.left_out;
    return;
  }
  ++share.written;
  Write(level, record, done);
}

void AccessLog::BeginSecond(SteadyTime now) {
  TellOfOthers();
  second_ = now;
  misses_ = {};
  samples_ = {};
}

void AccessLog::TellOfOthers() {
  if (misses_.left_out > 0) {
    Log(LogLevel::kWarning, "misses_not_logged", {{"count", misses_.left_out}});
  }
  if (samples_.left_out > 0) {
    Log(LogLevel::kInfo, "samples_not_logged", {{"count", samples_.left_out}});
  }
}

}  // namespace baton::app
