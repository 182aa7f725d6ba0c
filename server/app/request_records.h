// The conductor's own notes on the requests it holds open, in a table of reused rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/api/catalogue.h"
#include "server/api/load_report.h"
#include "server/base/deadline.h"
#include "server/base/trace_context.h"
#include "server/control/captured_request.h"
#include "server/net/event_loop.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/response_cache.h"
#include "server/serve/scheduler.h"
#include "server/serve/ticket.h"
#include "server/trace/finished_request.h"

namespace baton::app {

struct RequestRecord {
  const serve::Endpoint* endpoint = nullptr;
  TraceContext trace;  // never without a trace id and a span once it was received
  trace::Ask ask;      // filled in where there is a tracer
  Deadline deadline;
  SteadyTime due;                                        // deadline less guard
  bool has_budget = false;                               // a budget was granted
  bool explain = false;                                  // Baton-Explain: 1
  api::LoadFormat load_format = api::LoadFormat::kNone;  // of the report that it asks for

  api::BodyFormat format = api::BodyFormat::kPlain;
  std::shared_ptr<const api::ServedVersion> version;  // of a model, that it is for
  serve::Criticality criticality = serve::Criticality::kDefault;

  // Where its endpoint declares a fallback, or has a cache.
  std::string fallback_key;  // of the last good answer
  std::string protocol_id;   // the JSON string that what was another's answer repeats; or empty

  // Of the response cache.
  serve::CacheState cache_state = serve::CacheState::kNone;
  std::shared_ptr<serve::ResponseCache> cache;  // while it leads its equals, or has joined them
  serve::CacheKey cache_key;
  std::unique_ptr<serve::Ticket> parked;  // of one that has joined, and may have to run after all

  // While it is pending.
  serve::RequestId id{};
  net::EventLoop::TimerId timer;
  SteadyTime answer_at;      // when the timer runs: due, or earlier
  bool has_place = false;    // answer_at is a place among the answers, to be given back
  bool is_given_up = false;  // the timer decided its answer
  serve::Scheduler* scheduler = nullptr;
  serve::ReadyLanes::Handle handle;
  bool is_on_reserve =
      false;  // a cheaper model runs for it; answer and cause are those of the miss

  // What admission believed.
  bool was_decided = false;
  bool was_admitted = false;
  Duration predicted_wait = Duration::zero();
  Duration most_wait = Duration::zero();
  Duration allowance = Duration::zero();

  std::uint32_t batch_size = 0;  // of the run that it was part of; 0: it ran alone, or not at all

  // What happened when; the default where it did not.
  SteadyTime admitted;
  SteadyTime started;
  SteadyTime finished;
  SteadyTime answered;

  serve::Answer answer = serve::Answer::kNone;
  serve::Cause cause = serve::Cause::kNone;
  int status = 0;       // of HTTP, also where gRPC says it otherwise; 0: none was sent
  int grpc_status = 1;  // of gRPC; CANCELLED until it is answered

  std::unique_ptr<control::CapturedRequest> captured;  // where an operator captures it
};

// Threads: one at a time.
class RequestRecords {
 public:
  using Index = std::uint32_t;

  // A row as good as new.
  Index Open();
  RequestRecord& operator[](Index index) { return rows_[index]; }
  void Close(Index index);
  std::size_t open() const { return rows_.size() - free_.size(); }

 private:
  std::vector<RequestRecord> rows_;
  std::vector<Index> free_;
};

}  // namespace baton::app
