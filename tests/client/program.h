// Runs a program as a child process and collects what it says.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "server/base/fd.h"

namespace baton::client {

struct ProgramResult {
  int exit_code = -1;  // -1 when a signal ended it
  std::string out;
  std::string error;
};

class Program {
 public:
  // Starts `path` with `arguments`; `input` is its whole standard input, at most 64 KiB.
  Program(const std::string& path, std::vector<std::string> arguments,
          const std::string& input = "");

  pid_t pid() const { return pid_; }

  // Reads both outputs to their end and waits. Once.
  ProgramResult Wait();

 private:
  pid_t pid_ = -1;
  UniqueFd out_;
  UniqueFd error_;
};

}  // namespace baton::client
