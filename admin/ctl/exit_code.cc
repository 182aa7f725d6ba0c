// What batonctl's exit codes mean; scripts rely on the numbers.
#include "admin/ctl/exit_code.h"

namespace baton::ctl {

ExitCode ToExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable: return ExitCode::kUnreachable;
    case ErrorCode::kNotFound: return ExitCode::kNotFound;
    case ErrorCode::kAborted:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition: return ExitCode::kConflict;
    case ErrorCode::kDeadlineExceeded: return ExitCode::kTimedOut;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal: return ExitCode::kRefused;
  }
  return ExitCode::kRefused;
}

std::span<const ExitCodeMeaning> ExitCodeMeanings() {
  static constexpr ExitCodeMeaning kMeanings[] = {
      {ExitCode::kOk, "done"},
      {ExitCode::kRefused,
       "refused by the server: a value out of range, a model that does not load"},
      {ExitCode::kUsage, "wrong usage; nothing was sent"},
      {ExitCode::kUnreachable, "cannot reach the server"},
      {ExitCode::kNotFound, "no such thing"},
      {ExitCode::kConflict, "conflict: somebody else has changed it meanwhile"},
      {ExitCode::kTimedOut, "timed out"},
      {ExitCode::kUnhealthy, "status of a server that is not ready"}};
  return kMeanings;
}

}  // namespace baton::ctl
