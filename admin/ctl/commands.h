// The commands of batonctl, after their arguments were parsed.
#pragma once

#include <string>
#include <vector>

#include "admin/ctl/exit_code.h"

namespace baton::ctl {

struct Command {
  enum class Kind {
    kStatus,
    kGetPool,
    kGetEndpoints,
    kGetEndpoint,
    kSetPool,
    kSetEndpoint,
    kResetEstimator,
    kMisses,
  };
  Kind kind = Kind::kStatus;
  std::string endpoint;               // of whatever is about one, without "endpoints/"
  std::vector<std::string> settings;  // KEY=VALUE, of kSetPool and kSetEndpoint
  int limit = 20;                     // of kMisses: 1 to 1024

  std::string server = "127.0.0.1:8081";
  std::string timeout = "5s";    // for each call
  std::string output = "table";  // or "json"
  std::string etag;              // of kSetPool and kSetEndpoint: refuse unless it is still current
  bool dry_run = false;
};

// Does it, with its result on standard output or one line about what is wrong on standard error.
ExitCode Run(const Command& command);

}  // namespace baton::ctl
