// The command line of baton-client.
#pragma once

#include <variant>

#include "client/cli/infer_command.h"
#include "client/cli/load_command.h"
#include "client/cli/overload_command.h"

namespace baton::client {

// The program is done: help or a version was shown (0), or a usage error was explained.
struct Exit {
  int code = 0;
};
using Command = std::variant<Exit, InferFlags, LoadFlags, OverloadFlags>;

// Prints what it has to say itself, to standard output or standard error.
Command ParseCommandLine(int argc, const char* const* argv);

}  // namespace baton::client
