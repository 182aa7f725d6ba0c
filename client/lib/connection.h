// A blocking keep-alive connection to a server: one request, one response, in turn.
#pragma once

#include "client/lib/request.h"
#include "client/lib/response.h"
#include "client/lib/response_parser.h"
#include "client/lib/server_address.h"
#include "server/base/clock.h"
#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton::client {

// Threads: one at a time. Every call blocks until it is done or its timeout has passed.
class Connection {
 public:
  // Tries the candidates of `server` in order. kUnavailable, with the system's reason, when none
  // can be reached within `timeout`.
  static Result<Connection> Open(const ServerAddress& server, Duration timeout);

  // Sends `request` and waits for the whole response. Errors: kInvalidArgument for a request that
  // does not validate, kDeadlineExceeded when `timeout` passes first, kUnavailable when the
  // connection is lost or what comes is not HTTP. Any error but the first closes the connection.
  // Requires: IsOpen().
  Result<Response> Send(const Request& request, Duration timeout);

  // False once an error or the server's `Connection: close` ended it.
  bool IsOpen() const { return fd_.valid(); }

  // The candidate that answered.
  const SocketAddress& peer() const { return peer_; }

 private:
  Connection(std::string host, const SocketAddress& peer, UniqueFd fd)
      : host_(std::move(host)), peer_(peer), fd_(std::move(fd)) {}

  Result<Response> Exchange(std::string_view wire, SteadyTime until);
  Result<ResponseParser::State> Receive();

  std::string host_;
  SocketAddress peer_;
  UniqueFd fd_;
  ResponseParser parser_;
};

}  // namespace baton::client
