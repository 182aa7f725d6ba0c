// What a conductor writes into the metrics and the log when a request has ended.
#pragma once

#include "server/api/answer_response.h"
#include "server/app/access_log.h"
#include "server/app/request_records.h"
#include "server/app/request_tracing.h"
#include "server/control/captures.h"
#include "server/metrics/registry.h"
#include "server/serve/miss_ring.h"

namespace baton::app {

// The stages of a request up to `until`; they sum to the time since its arrival.
api::StageTimes StagesOf(const RequestRecord& record, SteadyTime until);

// Threads: the conductor's.
class ConductorBooks {
 public:
  // `tracer`, `captures`: null where there are none. All outlive it.
  ConductorBooks(metrics::Shard& shard, serve::MissRing& misses, trace::Tracer* tracer,
                 control::Captures* captures)
      : shard_(shard), misses_(misses), tracing_(tracer), captures_(captures) {}

  void CountReceived(const serve::Endpoint& endpoint) { shard_.Add(endpoint.metrics.received); }
  void CountWasted(const serve::Endpoint& endpoint, Duration run_time) {
    shard_.Add(endpoint.metrics.wasted_run_seconds, ToSeconds(run_time));
  }

  // The answer of `record` has left, or its connection broke. `first_write` is when its write was
  // first tried.
  void Close(const RequestRecord& record, SteadyTime first_write, SteadyTime done);

 private:
  void KeepMiss(const RequestRecord& record, SteadyTime first_write);

  metrics::Shard& shard_;
  serve::MissRing& misses_;
  AccessLog access_log_;
  RequestTracing tracing_;
  control::Captures* const captures_;
};

}  // namespace baton::app
