// The metric families of an endpoint.
#include "server/serve/endpoint.h"

namespace baton::serve {

std::string_view ToText(Stage stage) {
  switch (stage) {
    case Stage::kRead: return "read";
    case Stage::kQueue: return "queue";
    case Stage::kBatch: return "batch";
    case Stage::kRun: return "run";
    case Stage::kWrite: return "write";
  }
  return "";
}

namespace {

void AddOfRequests(metrics::Registry& registry, const std::string& e, EndpointMetrics& made) {
  using metrics::kLatencyBuckets;
  using metrics::kRatioBuckets;
  using metrics::kStageBuckets;
  made.received = registry.AddCounter("baton_requests_received_total", "Requests that came in.",
                                      {{"endpoint", e}});
  for (const Answer answer : kAllAnswers) {
    const auto i = static_cast<std::size_t>(answer);
    const std::string label(ToText(answer));
    made.requests[i] = registry.AddCounter("baton_requests_total",
                                           "Requests by the one answer each ended in; invalid is "
                                           "the client's fault, none a client that left first.",
                                           {{"endpoint", e}, {"answer", label}});
    made.duration[i] = registry.AddHistogram(
        "baton_request_duration_seconds",
        "From the first readable byte to the last byte handed to the kernel.", kLatencyBuckets,
        {{"endpoint", e}, {"answer", label}}, metrics::Exemplars::kKept);
  }
  for (const Cause cause : kAllCauses) {
    if (cause == Cause::kNone) continue;
    made.misses[static_cast<std::size_t>(cause)] = registry.AddCounter(
        "baton_deadline_misses_total", "Answers that were no prediction in time, by why.",
        {{"endpoint", e}, {"cause", std::string(ToText(cause))}});
  }
  made.late_answers = registry.AddCounter(
      "baton_late_answers_total",
      "Answers that left after their deadline: the broken promise, stays 0.", {{"endpoint", e}});
  made.budget = registry.AddHistogram("baton_request_budget_seconds", "Budgets granted.",
                                      kLatencyBuckets, {{"endpoint", e}});
  made.budget_used = registry.AddHistogram(
      "baton_request_budget_used_ratio",
      "Share of the budget that was gone when the answer left; 1 is the deadline.", kRatioBuckets,
      {{"endpoint", e}}, metrics::Exemplars::kKept);
  for (const Stage stage : kAllStages) {
    made.stage[static_cast<std::size_t>(stage)] = registry.AddHistogram(
        "baton_stage_duration_seconds", "Where the time went; the stages sum to the whole.",
        kStageBuckets, {{"endpoint", e}, {"stage", std::string(ToText(stage))}});
  }
  made.refusal_duration =
      registry.AddHistogram("baton_refusal_duration_seconds", "How fast refusals left.",
                            kStageBuckets, {{"endpoint", e}});
}

void AddOfRuns(metrics::Registry& registry, const std::string& e, EndpointMetrics& made) {
  made.wasted_run_seconds =
      registry.AddCounter("baton_wasted_run_seconds_total",
                          "Worker time spent on results that nobody took.", {{"endpoint", e}});
  made.batch_size = registry.AddHistogram("baton_batch_size", "Requests that ran as one.",
                                          metrics::kBatchBuckets, {{"endpoint", e}});
  made.inferences =
      registry.AddCounter("baton_inferences_total",
                          "Requests that were run, so not those whose gzip could not be expanded, "
                          "or came to less than Inference-Header-Content-Length said; a fallback "
                          "of kind model counts under the model that ran.",
                          {{"endpoint", e}});
  made.batches = registry.AddCounter(
      "baton_batches_total", "Runs, of one request or of several together.", {{"endpoint", e}});
  made.cache_hits = registry.AddCounter(
      "baton_cache_hits_total",
      "Requests answered out of the response cache; they are predictions without a run.",
      {{"endpoint", e}});
  made.cache_misses = registry.AddCounter(
      "baton_cache_misses_total",
      "Requests that the response cache had no answer for, and that ran.", {{"endpoint", e}});
  made.cache_joined =
      registry.AddCounter("baton_cache_joined_total",
                          "Requests that came while an equal one ran, and waited for its answer; "
                          "those that had to run after all are among them.",
                          {{"endpoint", e}});
}

}  // namespace

EndpointMetrics EndpointMetrics::Make(metrics::Registry& registry, const std::string& endpoint) {
  EndpointMetrics made;
  AddOfRequests(registry, endpoint, made);
  AddOfRuns(registry, endpoint, made);
  return made;
}

}  // namespace baton::serve
