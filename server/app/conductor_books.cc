// The books of a request's end.
#include "server/app/conductor_books.h"

#include "server/app/request_capture.h"
#include "server/metrics/records.h"

namespace baton::app {
namespace {

constexpr SteadyTime kNever{};

std::size_t IndexOf(serve::Answer answer) { return static_cast<std::size_t>(answer); }

// Negative when it never waited.
Duration QueuedOf(const RequestRecord& record) {
  if (record.started != kNever) return record.started - record.admitted;
  return record.was_admitted ? record.answered - record.admitted : Duration(-1);
}

}  // namespace

api::StageTimes StagesOf(const RequestRecord& record, SteadyTime until) {
  api::StageTimes stages;
  const SteadyTime arrival = record.deadline.arrival();
  const SteadyTime answered = record.answered != kNever ? record.answered : until;
  if (record.admitted == kNever) {  // answered at the door
    stages.read = answered - arrival;
    stages.write = until - answered;
    return stages;
  }
  stages.read = record.admitted - arrival;
  if (record.started == kNever) {
    stages.queue = answered - record.admitted;
    stages.write = until - answered;
    return stages;
  }
  const SteadyTime finished = record.finished != kNever ? record.finished : answered;
  stages.queue = record.started - record.admitted;
  stages.run = finished - record.started;
  stages.write = until - finished;
  return stages;
}

void ConductorBooks::Close(const RequestRecord& record, SteadyTime first_write, SteadyTime done) {
  if (!metrics::kRecords) return;
  const serve::EndpointMetrics& books = record.endpoint->metrics;
  const SteadyTime arrival = record.deadline.arrival();
  shard_.Observe(books.duration[IndexOf(record.answer)], ToSeconds(done - arrival),
                 record.trace.trace_id, done);
  if (record.version) {
    record.version->books.CountAnswer(record.answer, QueuedOf(record), done - arrival);
  }
  if (record.cause != serve::Cause::kNone) {
    shard_.Add(books.misses[static_cast<std::size_t>(record.cause)]);
  }
  const bool was_written = record.answer != serve::Answer::kNone;
  if (was_written && record.has_budget) {
    shard_.Observe(books.budget, ToSeconds(record.deadline.budget()));
    shard_.Observe(books.budget_used, record.deadline.UsedRatio(first_write), record.trace.trace_id,
                   first_write);
  }
  if (record.answer == serve::Answer::kRefused) {
    shard_.Observe(books.refusal_duration, ToSeconds(first_write - arrival));
  }
  if (was_written) {
    const api::StageTimes stages = StagesOf(record, done);
    const auto observe = [&](serve::Stage stage, Duration took) {
      shard_.Observe(books.stage[static_cast<std::size_t>(stage)], ToSeconds(took));
    };
    observe(serve::Stage::kRead, stages.read);
    observe(serve::Stage::kQueue, stages.queue);
    observe(serve::Stage::kBatch, stages.batch);
    observe(serve::Stage::kRun, stages.run);
    observe(serve::Stage::kWrite, stages.write);
  }
  // A request whose budget was spent when it came (zero, say) has no deadline to keep.
  const bool had_time = record.has_budget && record.deadline.budget() > Duration::zero();
  if (had_time && was_written && record.answer != serve::Answer::kInvalid &&
      first_write > record.deadline.at()) {
    shard_.Add(books.late_answers);
  }
  if (IsMiss(record.answer)) KeepMiss(record, first_write);
  access_log_.Note(record, done);
  tracing_.Note(record, done);
  if (record.captured) EndCapture(*captures_, record, done);
  // Last: whoever sees that nothing is in flight sees all that was counted.
  shard_.Add(books.requests[IndexOf(record.answer)]);
}

void ConductorBooks::KeepMiss(const RequestRecord& record, SteadyTime first_write) {
  const SteadyTime arrival = record.deadline.arrival();
  const auto since_arrival = [arrival](SteadyTime at) {
    return at == kNever ? serve::Miss::kNever : at - arrival;
  };
  const auto wall_now = std::chrono::system_clock::now() - (first_write - arrival);
  serve::Miss miss;
  miss.request_id = static_cast<std::uint64_t>(record.id);
  miss.endpoint = record.endpoint;
  miss.arrived_unix_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(wall_now.time_since_epoch()).count();
  miss.budget = record.deadline.budget();
  miss.answer = record.answer;
  miss.cause = record.cause;
  miss.criticality = record.criticality;
  if (record.was_decided) {
    miss.predicted_wait = record.predicted_wait;
    if (record.most_wait > Duration::zero()) miss.most_wait = record.most_wait;
    miss.predicted_service = record.allowance;
  }
  if (record.was_admitted) miss.admitted = since_arrival(record.admitted);
  miss.started = since_arrival(record.started);
  if (record.started != kNever) miss.finished = since_arrival(record.finished);
  miss.answered = since_arrival(record.answered);
  miss.sent = since_arrival(first_write);
  misses_.Add(miss);
}

}  // namespace baton::app
