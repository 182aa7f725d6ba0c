// A record as a tracer takes it.
#include "server/app/request_tracing.h"

#include "server/app/conductor_books.h"

namespace baton::app {

void RequestTracing::Offer(const RequestRecord& record, SteadyTime done) {
  const api::StageTimes times = StagesOf(record, done);
  trace::Stages stages;
  stages.times = {times.read, times.queue, times.batch, times.run, times.write};
  stages.batch_size = record.batch_size;
  const bool is_miss = IsMiss(record.answer);
  source_->Offer(is_miss, trace::SpansOf(stages), done, [&](trace::FinishedRequest& request) {
    request.trace = record.trace;
    request.ask = record.ask;
    request.endpoint = record.endpoint->name;
    request.version = record.version ? std::string_view(record.version->number()) : "";
    request.answer = ToText(record.answer);
    request.cause = record.cause == serve::Cause::kNone ? "" : ToText(record.cause);
    request.criticality = ToText(record.criticality);
    request.is_miss = is_miss;
    request.status = record.status;
    request.grpc_status = record.grpc_status;
    request.has_budget = record.has_budget;
    request.budget = record.deadline.budget();
    request.arrival = record.deadline.arrival();
    request.stages = stages;
  });
}

}  // namespace baton::app
