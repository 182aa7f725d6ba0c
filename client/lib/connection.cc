// The blocking connection: non-blocking sockets under poll, so that every wait has its end.
#include "client/lib/connection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include "server/base/duration_text.h"

namespace baton::client {
namespace {

// Waits until `fd` has one of `events`; the events that are there, 0 when `until` came first.
int WaitFor(int fd, int events, SteadyTime until) {
  for (;;) {
    const Duration left = until - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return 0;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    pollfd entry{fd, static_cast<short>(events), 0};
    const int ready = ::ppoll(&entry, 1, &timeout, nullptr);
    if (ready > 0) return entry.revents;
    if (ready < 0 && errno != EINTR) return POLLERR;
  }
}

tl::unexpected<Error> Lost(const std::string& host, const std::string& reason) {
  return Fail(ErrorCode::kUnavailable, "lost the connection to " + host + ": " + reason);
}

Result<UniqueFd> ConnectTo(const SocketAddress& address, Duration timeout) {
  Result<UniqueFd> fd = address.StartConnect();
  if (!fd) return fd;
  if (WaitFor(fd->get(), POLLOUT, std::chrono::steady_clock::now() + timeout) == 0) {
    return Fail(ErrorCode::kUnavailable, "no answer within " + FormatDuration(timeout));
  }
  int failure = 0;
  socklen_t size = sizeof(failure);
  ::getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return Fail(ErrorCode::kUnavailable, std::strerror(failure));
  return fd;
}

}  // namespace

Result<Connection> Connection::Open(const ServerAddress& server, Duration timeout) {
  std::string reason = "it has no address";
  for (const SocketAddress& candidate : server.candidates()) {
    Result<UniqueFd> fd = ConnectTo(candidate, timeout);
    if (fd) return Connection(server.text(), candidate, std::move(*fd));
    reason = fd.error().message;
  }
  return Fail(ErrorCode::kUnavailable, "cannot connect to " + server.text() + ": " + reason);
}

Result<Response> Connection::Send(const Request& request, Duration timeout) {
  if (const Status valid = request.Validate(); !valid) return tl::unexpected(valid.error());
  const std::string wire = ToWire(request, host_);
  parser_.Start(request.method == "HEAD");
  Result<Response> response = Exchange(wire, std::chrono::steady_clock::now() + timeout);
  if (!response && response.error().code == ErrorCode::kDeadlineExceeded) {
    response.error().message =
        "no answer from " + host_ + " within the timeout of " + FormatDuration(timeout);
  }
  if (!response || !response->keep_alive) fd_.Reset();
  return response;
}

Result<Response> Connection::Exchange(std::string_view wire, SteadyTime until) {
  // Reading goes on while the request is being sent: a server may refuse a body before its end.
  while (true) {
    const int wanted = wire.empty() ? POLLIN : POLLIN | POLLOUT;
    const int ready = WaitFor(fd_.get(), wanted, until);
    if (ready == 0) return Fail(ErrorCode::kDeadlineExceeded, "timed out");
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const Result<ResponseParser::State> state = Receive();
      if (!state) return tl::unexpected(state.error());
      if (*state == ResponseParser::State::kComplete) {
        Response response = parser_.TakeResponse();
        if (!wire.empty()) response.keep_alive = false;
        return response;
      }
    }
    if (wire.empty() || (ready & POLLOUT) == 0) continue;
    const ssize_t sent = ::send(fd_.get(), wire.data(), wire.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      wire.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return Lost(host_, std::strerror(errno));
    }
  }
}

Result<ResponseParser::State> Connection::Receive() {
  std::array<char, 16 << 10> buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return ResponseParser::State::kNeedMore;
    return Lost(host_, std::strerror(errno));
  }
  const bool is_eof = got == 0;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  const ResponseParser::State state = is_eof ? parser_.FeedEof() : parser_.Feed(bytes).state;
  if (state != ResponseParser::State::kMalformed) return state;
  if (is_eof) return Lost(host_, parser_.problem());
  return Fail(ErrorCode::kUnavailable,
              "the answer of " + host_ + " is not HTTP: " + parser_.problem());
}

}  // namespace baton::client
