// The command line of baton-server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/app/token_command.h"
#include "server/config/layers.h"

namespace baton::app {

struct CommandLine {
  enum class Command { kServe, kCheck, kDump, kSchema, kExample, kReference, kNewToken };
  Command command = Command::kServe;
  std::string config_file;               // of --config; may be empty
  std::vector<config::GivenFlag> flags;  // settings, not looked at yet
  bool measures = false;                 // of kCheck
  bool shows_origins = false;            // of kDump
  bool writes_json = false;              // of kDump
  TokenAsk token;                        // of kNewToken
};

// Reads the command line. Prints help, version or the error by itself: then `line` is empty and
// the process is to end with `exit_code` (0, or 2 for a wrong command line).
struct ParsedFlags {
  std::optional<CommandLine> line;
  int exit_code = 0;
};
ParsedFlags ParseFlags(int argc, char** argv);

}  // namespace baton::app
