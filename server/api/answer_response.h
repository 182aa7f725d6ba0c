// An answer as HTTP: status, headers and body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/api/load_report.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/base/trace_context.h"
#include "server/http/message.h"
#include "server/serve/answer.h"
#include "server/serve/cache_state.h"

namespace baton::api {

// How long a request has spent in each stage so far.
struct StageTimes {
  Duration read = Duration::zero();
  Duration queue = Duration::zero();
  Duration batch = Duration::zero();
  Duration run = Duration::zero();
  Duration write = Duration::zero();  // from the end of the run to this answer
};

struct AnswerView {
  serve::Answer answer = serve::Answer::kError;
  serve::Cause cause = serve::Cause::kNone;
  std::optional<Duration> granted_budget;
  std::optional<StageTimes> stages;  // said as Server-Timing
  std::optional<Duration> age;       // of what was an answer before; said as Age in whole seconds,
                                     // rounded down
  serve::CacheState cache = serve::CacheState::kNone;  // of a prediction; said as Baton-Cache
  Duration retry_after = Duration::zero();  // of refusals, and of what is too often; said in whole
                                            // seconds, rounded up, at least 1
  std::optional<std::size_t> json_bytes;    // of the body, which goes on with raw tensors
  bool may_be_gzip = false;             // another request might get this body as gzip; says Vary
  bool is_gzip = false;                 // this one does
  std::optional<int> status;            // instead of what answer and error imply
  const Error* error = nullptr;         // its message becomes the body of what is no prediction
  const TraceContext* trace = nullptr;  // that the caller named; said again over gRPC
  const LoadHint* hint = nullptr;       // that the caller asked for; said over gRPC
};

int HttpStatusOf(const AnswerView& view);

// `body` is the prediction's or the fallback's, and is ignored for everything else.
http::Response MakeResponse(const AnswerView& view, std::string&& body);

// The same of predictions, without an allocation: in the buffers of the response before, with
// header lines that change with the budget alone.
//
// Threads: one at a time.
class PredictionResponse {
 public:
  // Exchanges `body` for the buffer of an earlier one. Valid until the next call.
  http::Response& Make(Duration granted_budget, std::string& body);

 private:
  std::optional<Duration> budget_;  // that lines_ tell of
  std::string lines_;
  http::Response response_;
};

// What is said of an answer that is neither a prediction nor a fallback.
std::string MessageOf(const AnswerView& view);
std::string ServerTimingText(const StageTimes& stages);

// The parts of it that change from one refusal to the next, as headers say them: "12.5" and "1".
std::string BudgetText(Duration budget);
std::string RetryAfterText(Duration retry_after);

}  // namespace baton::api
