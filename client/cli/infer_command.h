// `baton-client infer`: one request, and what became of it.
#pragma once

#include "client/cli/request_flags.h"
#include "server/base/clock.h"

namespace baton::client {

struct InferFlags {
  RequestFlags request;
  bool explain = false;  // asks the server for the stages of a prediction
  bool is_json = false;
  Duration timeout = 30s;
};

// Prints the answer to standard output, errors to standard error. Returns an ExitCode.
int RunInfer(const InferFlags& flags);

}  // namespace baton::client
