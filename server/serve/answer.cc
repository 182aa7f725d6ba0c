// Names of answers and causes.
#include "server/serve/answer.h"

namespace baton::serve {

std::string_view ToText(Answer answer) {
  switch (answer) {
    case Answer::kPrediction: return "prediction";
    case Answer::kFallback: return "fallback";
    case Answer::kRefused: return "refused";
    case Answer::kTimeout: return "timeout";
    case Answer::kError: return "error";
    case Answer::kInvalid: return "invalid";
    case Answer::kNone: return "none";
  }
  return "";
}

std::string_view ToText(Cause cause) {
  switch (cause) {
    case Cause::kNone: return "";
    case Cause::kQueueFull: return "queue_full";
    case Cause::kNoTime: return "no_time";
    case Cause::kBudgetTooSmall: return "budget_too_small";
    case Cause::kPendingFull: return "pending_full";
    case Cause::kExpiredInQueue: return "expired_in_queue";
    case Cause::kExpiredRunning: return "expired_running";
    case Cause::kBackendError: return "backend_error";
    case Cause::kModelUnavailable: return "model_unavailable";
    case Cause::kDraining: return "draining";
  }
  return "";
}

}  // namespace baton::serve
