// Statuses, headers and error sentences of the answers.
#include "server/api/answer_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "server/api/error_body.h"
#include "server/api/inference_header.h"

namespace baton::api {
namespace {

using serve::Answer;
using serve::Cause;

std::string MillisText(Duration duration, int decimals) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), ToMillis(duration),
                                 std::chars_format::fixed, decimals)
                       .ptr;
  return {text.data(), end};
}

std::string_view Sentence(Cause cause) {
  switch (cause) {
    case Cause::kNone: return "the request was not answered";
    case Cause::kQueueFull: return "too many requests are waiting";
    case Cause::kNoTime: return "the answer would have come after the deadline";
    case Cause::kBudgetTooSmall: return "the budget is smaller than an answer takes";
    case Cause::kPendingFull: return "too many requests are pending";
    case Cause::kExpiredInQueue: return "the budget ran out while the request waited for a worker";
    case Cause::kExpiredRunning: return "the budget ran out while the request ran";
    case Cause::kBackendError: return "the model failed";
    case Cause::kModelUnavailable: return "the model is not ready";
    case Cause::kDraining: return "the server is shutting down";
  }
  return "";
}

std::string BodyOf(const AnswerView& view) {
  return ErrorBody(MessageOf(view), view.error != nullptr ? view.error->field : std::string());
}

}  // namespace

int HttpStatusOf(const AnswerView& view) {
  if (view.status) return *view.status;
  switch (view.answer) {
    case Answer::kPrediction:
    case Answer::kFallback: return 200;
    case Answer::kRefused: return 503;
    case Answer::kTimeout: return 504;
    case Answer::kInvalid: return view.error != nullptr ? HttpStatusOf(view.error->code) : 400;
    case Answer::kError:
    case Answer::kNone: return 500;
  }
  return 500;
}

http::Response MakeResponse(const AnswerView& view, std::string&& body) {
  http::Response response;
  response.status = HttpStatusOf(view);
  const bool has_prediction =
      view.answer == Answer::kPrediction || view.answer == Answer::kFallback;
  response.body = has_prediction ? std::move(body) : BodyOf(view);

  std::string& headers = response.headers;
  http::AppendHeader(headers, "Baton-Answer", ToText(view.answer));
  if (view.cause != Cause::kNone) http::AppendHeader(headers, "Baton-Cause", ToText(view.cause));
  if (view.granted_budget) {
    http::AppendHeader(headers, "Baton-Budget-Ms", BudgetText(*view.granted_budget));
  }
  if (view.answer == Answer::kRefused) {
    http::AppendHeader(headers, "Retry-After", RetryAfterText(view.retry_after));
  }
  if (view.cache != serve::CacheState::kNone) {
    http::AppendHeader(headers, "Baton-Cache", ToText(view.cache));
  }
  if (view.age) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*view.age).count();
    http::AppendHeader(headers, "Age", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  if (has_prediction && view.json_bytes) {
    response.content_type = http::kOctetStream;
    http::AppendHeader(headers, kInferenceHeader, std::to_string(*view.json_bytes));
  }
  if (view.is_gzip) http::AppendHeader(headers, "Content-Encoding", "gzip");
  if (view.may_be_gzip) http::AppendHeader(headers, "Vary", "Accept-Encoding");
  if (view.stages) http::AppendHeader(headers, "Server-Timing", ServerTimingText(*view.stages));
  return response;
}

http::Response& PredictionResponse::Make(Duration granted_budget, std::string& body) {
  if (budget_ != granted_budget) {
    AnswerView view;
    view.answer = Answer::kPrediction;
    view.granted_budget = granted_budget;
    lines_ = MakeResponse(view, {}).headers;
    budget_ = granted_budget;
  }
  response_.headers = lines_;
  response_.body.swap(body);
  return response_;
}

std::string MessageOf(const AnswerView& view) {
  return view.error != nullptr ? view.error->message : std::string(Sentence(view.cause));
}

std::string ServerTimingText(const StageTimes& stages) {
  std::string value;
  const auto add = [&value](std::string_view name, Duration took) {
    if (!value.empty()) value += ", ";
    value.append(name).append(";dur=").append(MillisText(took, 3));
  };
  add("read", stages.read);
  add("queue", stages.queue);
  add("batch", stages.batch);
  add("run", stages.run);
  add("write", stages.write);
  return value;
}

std::string BudgetText(Duration budget) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), ToMillis(budget)).ptr;
  return {text.data(), end};
}

std::string RetryAfterText(Duration retry_after) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after).count();
  return std::to_string(std::max<std::int64_t>(seconds, 1));
}

}  // namespace baton::api
