// What batonctl's exit codes mean; scripts rely on the numbers.
#pragma once

#include <span>
#include <string_view>

#include "server/base/result.h"

namespace baton::ctl {

enum class ExitCode : int {
  kOk = 0,
  kRefused = 1,      // the server said no
  kUsage = 2,        // the command line makes no sense; nothing was sent
  kUnreachable = 3,  // no server there, or it is going away
  kNotFound = 4,
  kConflict = 5,   // changed by somebody else meanwhile, or the wrong moment
  kTimedOut = 6,   // no answer in time
  kUnhealthy = 7,  // `status` of a server that is not ready
};

// For an error that a call ended with.
ExitCode ToExitCode(ErrorCode code);

struct ExitCodeMeaning {
  ExitCode code = ExitCode::kOk;
  std::string_view meaning;
};
// All of them, by number.
std::span<const ExitCodeMeaning> ExitCodeMeanings();

}  // namespace baton::ctl
