// A request as a client sent it, and what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/clock.h"

namespace baton::control {

struct CapturedHeader {
  std::string name;   // as sent
  std::string value;  // any bytes; kRedacted of one that holds a secret
};

struct CapturedRequest {
  std::uint64_t capture = 0;  // that has a place for it
  std::uint64_t request_id = 0;
  std::string trace_id;
  std::int64_t arrived_unix_ms = 0;
  std::string endpoint;
  std::string version;   // of the model that it was for; empty: of none
  std::string protocol;  // "http" or "grpc"
  std::string method;    // "POST"
  std::string target;    // "/v1/models/tumour:predict?x=1", in ASCII
  std::vector<CapturedHeader> headers;
  std::string body;              // any bytes: the beginning of it
  std::uint64_t body_bytes = 0;  // of all of it
  Duration budget = Duration::zero();
  std::string answer;  // "prediction"
  std::string cause;   // "no_time"; empty: none
  Duration spent = Duration::zero();
};

}  // namespace baton::control
