// Ended requests, as a conductor tells a tracer of them.
#pragma once

#include "server/app/request_records.h"
#include "server/trace/tracer.h"

namespace baton::app {

// Threads: the conductor's.
// Cost: without a tracer a comparison; of a request that nobody wants, a few more.
class RequestTracing {
 public:
  // Null: nobody is told. Before the tracer's Start.
  explicit RequestTracing(trace::Tracer* tracer)
      : source_(tracer == nullptr ? nullptr : &tracer->AddSource()) {}

  // The answer of `record` has left at `done`, or its connection broke.
  void Note(const RequestRecord& record, SteadyTime done) {
    if (source_ == nullptr || !source_->Wants(record.trace, IsMiss(record.answer))) return;
    Offer(record, done);
  }

 private:
  void Offer(const RequestRecord& record, SteadyTime done);

  trace::Tracer::Source* const source_;
};

}  // namespace baton::app
