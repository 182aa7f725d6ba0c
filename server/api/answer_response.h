// An answer as HTTP: status, headers and body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/http/message.h"
#include "server/serve/answer.h"

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
  std::optional<Duration> age;       // of a fallback; said as Age in whole seconds, rounded down
  Duration retry_after =
      Duration::zero();          // of refusals; said in whole seconds, rounded up, at least 1
  std::optional<int> status;     // instead of what answer and error imply
  const Error* error = nullptr;  // its message becomes the body of what is no prediction
};

// `body` is the prediction's or the fallback's JSON, and is ignored for everything else.
http::Response MakeResponse(const AnswerView& view, std::string&& body);

// The parts of it that change from one refusal to the next, as headers say them: "12.5" and "1".
std::string BudgetText(Duration budget);
std::string RetryAfterText(Duration retry_after);

}  // namespace baton::api
