// One HTTP request to a Baton server, and its bytes on the wire.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

struct Request {
  std::string method = "POST";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Fails when the method, the path or a header could not be sent as they are: characters that
  // would break the framing, or a header (Content-Length, Transfer-Encoding, Connection) that is
  // the client's own business.
  Status Validate() const;
};

// The path of the Open Inference Protocol for `model`; an empty `version` leaves the choice to the
// server. Characters that a path segment cannot hold are percent-encoded.
std::string InferPath(std::string_view model, std::string_view version);

// "Name: value" as a person types it.
Result<std::pair<std::string, std::string>> ParseHeaderLine(std::string_view line);

// `budget` as the value of a Baton-Budget-Ms header: a decimal number of milliseconds, "0.25".
std::string BudgetHeaderValue(Duration budget);

// Whether the connection is to carry further requests.
enum class Persistence { kKeepAlive, kClose };

// The request as it goes over a connection. `host` is the Host header unless the request brings its
// own; a body without Content-Type is sent as application/json.
// Requires: request.Validate().
std::string ToWire(const Request& request, std::string_view host,
                   Persistence persistence = Persistence::kKeepAlive);

}  // namespace baton::client
