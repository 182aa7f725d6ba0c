// The one table from answers to gRPC's codes.
#include "server/api/grpc/infer_status.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/grpc/infer_call.h"
#include "server/api/trace_headers.h"

namespace baton::api {
namespace {

using grpc::StatusCode;
using serve::Answer;

StatusCode CodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound: return StatusCode::NOT_FOUND;
    case ErrorCode::kTooLarge: return StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::kDeadlineExceeded: return StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::kUnavailable: return StatusCode::UNAVAILABLE;
    case ErrorCode::kInternal: return StatusCode::INTERNAL;
    case ErrorCode::kFailedPrecondition: return StatusCode::FAILED_PRECONDITION;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnsupported:
    case ErrorCode::kAborted: break;
  }
  return StatusCode::INVALID_ARGUMENT;
}

// Of what is invalid for who asks, or how often.
std::optional<StatusCode> CodeOf(std::optional<int> status) {
  if (status == 401) return StatusCode::UNAUTHENTICATED;
  if (status == 429) return StatusCode::RESOURCE_EXHAUSTED;
  return std::nullopt;
}

StatusCode CodeOf(const AnswerView& view) {
  switch (view.answer) {
    case Answer::kPrediction:
    case Answer::kFallback: return StatusCode::OK;
    case Answer::kRefused: return StatusCode::UNAVAILABLE;
    case Answer::kTimeout: return StatusCode::DEADLINE_EXCEEDED;
    case Answer::kInvalid:
      if (const auto code = CodeOf(view.status)) return *code;
      return view.error != nullptr ? CodeOf(view.error->code) : StatusCode::INVALID_ARGUMENT;
    case Answer::kError: return StatusCode::INTERNAL;
    case Answer::kNone: return StatusCode::CANCELLED;
  }
  return StatusCode::INTERNAL;
}

// gRPC aborts where a value has other bytes.
bool IsPrintable(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void AddLoadHint(grpc::ServerContext& context, const LoadHint& hint) {
  if (hint.report.predicted_wait) {
    context.AddTrailingMetadata("baton-predicted-wait-ms", BudgetText(*hint.report.predicted_wait));
  }
  if (hint.format == LoadFormat::kBinary) {
    context.AddTrailingMetadata(std::string(kBinaryLoadHeader), LoadBytes(hint.report));
  } else if (hint.format != LoadFormat::kNone) {
    context.AddTrailingMetadata(std::string(kLoadHeader), LoadText(hint.report, hint.format));
  }
}

}  // namespace

int GrpcCodeOf(const AnswerView& view) { return CodeOf(view); }

grpc::Status StatusOf(const AnswerView& view) {
  const StatusCode code = CodeOf(view);
  return code == StatusCode::OK ? grpc::Status() : grpc::Status(code, MessageOf(view));
}

grpc::Status StatusOf(const Error& error) {
  return grpc::Status(CodeOf(error.code), error.message);
}

void AddTrailingMetadata(grpc::ServerContext& context, const AnswerView& view) {
  context.AddTrailingMetadata("baton-answer", std::string(ToText(view.answer)));
  if (view.cause != serve::Cause::kNone) {
    context.AddTrailingMetadata("baton-cause", std::string(ToText(view.cause)));
  }
  if (view.granted_budget) {
    context.AddTrailingMetadata("baton-budget-ms", BudgetText(*view.granted_budget));
  }
  if (view.answer == Answer::kRefused || view.retry_after > Duration::zero()) {
    context.AddTrailingMetadata("retry-after", RetryAfterText(view.retry_after));
  }
  if (view.hint != nullptr) AddLoadHint(context, *view.hint);
  if (view.cache != serve::CacheState::kNone) {
    context.AddTrailingMetadata("baton-cache", std::string(ToText(view.cache)));
  }
  if (view.age) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*view.age).count();
    context.AddTrailingMetadata("age", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  if (view.trace != nullptr) {
    context.AddTrailingMetadata(std::string(kTraceparent), ToTraceparent(*view.trace));
    if (!view.trace->state.empty() && IsPrintable(view.trace->state)) {
      context.AddTrailingMetadata(std::string(kTracestate), view.trace->state);
    }
  }
  if (view.stages) context.AddTrailingMetadata("server-timing", ServerTimingText(*view.stages));
}

}  // namespace baton::api
