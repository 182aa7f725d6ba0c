// The tracer of a server, where its operator wants one.
#pragma once

#include <memory>

#include "server/app/tracing_options.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/trace/tracer.h"

namespace baton::app {

// Threads: one at a time; what the tracer says apart.
class Tracing {
 public:
  // `clock` outlives it; `registry` does not scrape once this is gone.
  Tracing(const TracingOptions& options, const Clock& clock, metrics::Registry& registry);

  // Whether all that `options` name could be read. Errors: kInvalidArgument, kNotFound.
  const Status& status() const { return status_; }
  // Null: nobody is told of requests.
  trace::Tracer* tracer() const { return tracer_.get(); }

  // Once everybody who tells it of requests has his source.
  void Start();
  // Once they have ended: sends what is there, for a few seconds at most.
  void Stop();

 private:
  Status status_;
  std::unique_ptr<trace::Tracer> tracer_;
};

}  // namespace baton::app
