// `baton-client demo overload`: what a server does when more comes in than it can serve.
#pragma once

#include "client/cli/overload_run.h"

namespace baton::client {

// Prints tables or JSON to standard output, errors to standard error; writes the files that the
// flags name. Returns an ExitCode.
int RunOverload(const OverloadFlags& flags);

}  // namespace baton::client
