// The commands of batonctl, after their arguments were parsed.
#pragma once

#include <string>
#include <vector>

#include "admin/ctl/exit_code.h"
#include "admin/ctl/target.h"

namespace baton::ctl {

// Of kCapture, as they are written.
struct CaptureOptions {
  std::string duration = "30s";
  int requests = 1000;
  std::string bytes = "16MiB";
  std::string body_bytes = "64KiB";
  std::string file;  // empty: standard output
};

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
    kGetModels,
    kGetModel,
    kLoadModel,
    kUnloadModel,
    kReloadModels,
    kGetOperations,
    kGetOperation,
    kWaitOperation,
    kGetConfig,
    kDiffConfig,
    kReloadConfig,
    kDescribePool,
    kDescribeEndpoint,
    kDescribeModel,
    kGetSettings,
    kSetSettings,
    kLogLevel,
    kGetListeners,
    kGetConnections,
    kCloseConnection,
    kDrain,
    kResume,
    kCapture,
    kTop,
    kWatch,
    kExplain,
    kCompletion,
    kContextList,
    kContextShow,
    kContextUse,
    kContextSet,
    kContextDelete,
  };
  Kind kind = Kind::kStatus;
  std::string endpoint;  // of whatever is about one, without "endpoints/"
  std::string model;     // of whatever is about one, without "models/"
  std::string name;      // of a context, an operation or a connection; of kCompletion: the shell
  std::string group;     // of kGetSettings and kSetSettings: "limits", "admission" or "logging"
  bool forces = false;   // of kCloseConnection
  std::vector<std::string> words;     // of kExplain; of kLogLevel: [MODULE] LEVEL, or none
  std::vector<std::string> settings;  // KEY=VALUE, of kSetPool and kSetEndpoint
  int limit = 20;                     // of kMisses: 1 to 1024
  int count = 0;                      // of kWatch: lines; 0: until it is interrupted
  bool once = false;                  // of kTop
  bool waits = false;  // of kStatus: until the server is ready; of kDrain: until nothing is left
  bool returns_at_once = false;  // of kLoadModel, kUnloadModel, kReloadModels: does not wait
  bool keeps_on = false;         // of what is shown: again whenever it has changed
  std::string interval = "1s";   // of kTop, kWatch and keeps_on

  CaptureOptions capture;

  Target target;        // its server empty: as the context, BATON_ADMIN or the default says
  std::string context;  // empty: the current one
  std::string timeout;  // for each call; empty: 5s, or 60s to load models and to wait
  std::string output = "table";  // "wide", "json", "yaml" or "name"
  std::string color = "auto";    // "always" or "never"
  std::string etag;              // of kSetPool and kSetEndpoint: refuse unless it is still current
  bool dry_run = false;
};

// Does it, with its result on standard output or one line about what is wrong on standard error.
ExitCode Run(const Command& command);

}  // namespace baton::ctl
