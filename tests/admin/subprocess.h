// Runs a program to its end and keeps what it said.
#pragma once

#include <string>
#include <vector>

namespace baton::admin {

struct Outcome {
  int exit_code = -1;  // -1 when it did not start or was killed
  std::string out;
  std::string err;
};

// `arguments` start with the program's path. The environment is this process's, with `environment`
// ("NAME=value") in front.
Outcome RunProgram(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});

}  // namespace baton::admin
