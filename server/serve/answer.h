// How a request ended, and why it is not a prediction: the closed sets behind headers, logs and
// metrics.
#pragma once

#include <array>
#include <string_view>

namespace baton::serve {

// Exactly one per request; also the `answer` metric label.
enum class Answer {
  kPrediction,  // the model answered inside the budget
  kFallback,    // the declared fallback answered inside the budget
  kRefused,     // turned away: it could not have met its budget, or the server drains (503)
  kTimeout,     // the budget ran out, or was smaller than the model can ever meet (504)
  kError,       // the model failed (500)
  kInvalid,     // the client's fault (4xx)
  kNone,        // the client left before its answer
};
inline constexpr std::array kAllAnswers = {Answer::kPrediction, Answer::kFallback, Answer::kRefused,
                                           Answer::kTimeout,    Answer::kError,    Answer::kInvalid,
                                           Answer::kNone};

// Why an answer is not a prediction; also the `cause` metric label.
enum class Cause {
  kNone,              // it is a prediction, or the client's own fault
  kQueueFull,         // a hard cap on waiting requests or their bytes
  kNoTime,            // predicted to wait too long, or nobody may wait for it yet
  kBudgetTooSmall,    // smaller than the smallest median that the endpoint has shown, or zero
  kPendingFull,       // the pending responses are at their limit
  kExpiredInQueue,    // its latest start came before its turn
  kExpiredRunning,    // its deadline came while it ran
  kBackendError,      // the model failed
  kModelUnavailable,  // the model is not ready
  kDraining,          // the server is leaving
};
inline constexpr std::array kAllCauses = {
    Cause::kNone,           Cause::kQueueFull,    Cause::kNoTime,
    Cause::kBudgetTooSmall, Cause::kPendingFull,  Cause::kExpiredInQueue,
    Cause::kExpiredRunning, Cause::kBackendError, Cause::kModelUnavailable,
    Cause::kDraining};

std::string_view ToText(Answer answer);  // "prediction"
std::string_view ToText(Cause cause);    // "expired_in_queue"; "" for kNone

// A miss: the service level agreement was not met by a prediction.
constexpr bool IsMiss(Answer answer) {
  return answer == Answer::kFallback || answer == Answer::kRefused || answer == Answer::kTimeout ||
         answer == Answer::kError;
}

}  // namespace baton::serve
