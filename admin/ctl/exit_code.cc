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

}  // namespace baton::ctl
