// From what an operator wrote to what the server takes.
#pragma once

#include "server/app/access_log_options.h"
#include "server/app/server_options.h"
#include "server/base/log.h"
#include "server/base/result.h"
#include "server/config/configuration.h"

namespace baton::app {

struct StartOptions {
  ServerOptions server;
  LogOptions log;
  AccessLogOptions access_log;
};

// What of the log may change while the server runs, from now on. Threads: any.
void TakeLogSettings(const StartOptions& options);

// Requires: `configuration` was loaded (config::Load). Leaves out what PathsOf finds.
// Errors: kInvalidArgument with everything that is still wrong, a line each, with where it was
// said.
Result<StartOptions> ToStartOptions(const config::Configuration& configuration);

}  // namespace baton::app
