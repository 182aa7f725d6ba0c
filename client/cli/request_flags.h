// The flags that say what to send, shared by the commands, and the request that they make.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/lib/request.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

struct RequestFlags {
  std::string server = "127.0.0.1:8080";
  std::string model;
  std::string version;
  std::string path;
  std::string method;  // empty: POST with a body, else GET
  bool use_sample = false;
  std::optional<std::string> file;  // "-" is standard input
  std::optional<std::string> data;
  std::optional<Duration> budget;
  std::vector<std::string> headers;  // "Name: value"
};

// Reads the file or standard input when that is where the body comes from. kInvalidArgument for
// flags that do not make a request, kNotFound for a file that cannot be read.
Result<Request> BuildRequest(const RequestFlags& flags);

}  // namespace baton::client
