// The command line of baton-server.
#pragma once

#include <optional>

#include "server/app/server.h"
#include "server/base/log.h"

namespace baton::app {

struct Flags {
  ServerOptions server;
  LogOptions log;
};

// Reads the command line. Prints help, version or the error by itself: then `flags` is empty and
// the process is to end with `exit_code` (0, or 2 for a wrong command line).
struct ParsedFlags {
  std::optional<Flags> flags;
  int exit_code = 0;
};
ParsedFlags ParseFlags(int argc, char** argv);

}  // namespace baton::app
