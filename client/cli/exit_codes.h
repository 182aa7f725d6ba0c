// What baton-client's exit status tells a script.
#pragma once

namespace baton::client {

enum ExitCode : int {
  kExitOk = 0,           // a prediction or a fallback; a load that ran to its end
  kExitNotServed = 1,    // an answer that is neither: refused, timeout, error, invalid
  kExitUsage = 2,        // the command line
  kExitUnreachable = 3,  // no connection, or it was lost before the answer
  kExitNotFound = 4,     // 404: no such model, version or path
  kExitTimedOut = 6,     // no answer within --timeout
  kExitInterrupted = 130,
};

}  // namespace baton::client
