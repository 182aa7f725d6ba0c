// Where a server is: a name and a port, and the socket addresses behind them.
#pragma once

#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "server/base/fd.h"
#include "server/base/result.h"

namespace baton::client {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  bool IsLoopback() const;

  // A new non-blocking TCP socket without Nagle's delay, whose connection to this address has been
  // started: it is writable once that ended, and SO_ERROR says how.
  Result<UniqueFd> StartConnect() const;
};

class ServerAddress {
 public:
  // "HOST:PORT", "[IPv6]:PORT", ":PORT" or "PORT" (loopback). HOST may be a name; looking it up may
  // block. kInvalidArgument for text of another form, kUnavailable for a name that is not found.
  static Result<ServerAddress> Resolve(std::string_view text);

  // HOST:PORT, for the Host header and for people.
  const std::string& text() const { return text_; }
  // At least one; IPv4 first, because a server on "localhost" mostly listens there.
  const std::vector<SocketAddress>& candidates() const { return candidates_; }
  // Whether none of the candidates leaves this machine.
  bool IsLoopback() const;

 private:
  std::string text_;
  std::vector<SocketAddress> candidates_;
};

}  // namespace baton::client
