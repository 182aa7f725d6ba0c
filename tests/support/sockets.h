// Connected sockets for tests, and what a peer does with its end.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "server/base/check.h"
#include "server/base/fd.h"
#include "server/net/socket.h"

namespace baton::testing_support {

struct SocketPair {
  UniqueFd ours;  // non-blocking
  UniqueFd peer;  // non-blocking
};

// `send_bytes` is what our end buffers at most; the kernel has a floor of a few KiB.
inline SocketPair LocalPair(int send_bytes = 0) {
  int ends[2];
  BATON_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  if (send_bytes > 0) {
    BATON_CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes)) == 0);
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

inline UniqueFd ListenAnywhere(int backlog = 64) {
  Result<UniqueFd> listening = net::Listen({false, "127.0.0.1", 0}, backlog);
  BATON_CHECK(listening.has_value());
  return std::move(*listening);
}

// A client on its way to `port` of this machine. `is_blocking`: returns once it waits in the
// backlog.
inline UniqueFd Connect(std::uint16_t port, bool is_blocking = true) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (is_blocking ? 0 : SOCK_NONBLOCK), 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected =
      connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  BATON_CHECK(connected == 0 || (!is_blocking && errno == EINPROGRESS));
  return fd;
}

inline SocketPair TcpPair() {
  const UniqueFd listening = ListenAnywhere();
  UniqueFd client = Connect(net::LocalPort(listening.get()));
  UniqueFd ours(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  BATON_CHECK(ours.valid());
  return {std::move(ours), std::move(client)};
}

// Closes so that the other end meets a reset. TCP only.
inline void Reset(UniqueFd& fd) {
  const linger at_once{1, 0};
  BATON_CHECK(setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
  fd.Reset();
}

inline void SendAll(const UniqueFd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    BATON_CHECK(n > 0);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Up to `at_most` bytes that are there now.
inline std::string ReceiveNow(const UniqueFd& fd, std::size_t at_most = SIZE_MAX) {
  std::string all;
  char buffer[4096];
  while (all.size() < at_most) {
    const std::size_t wanted = std::min(sizeof(buffer), at_most - all.size());
    const ssize_t n = recv(fd.get(), buffer, wanted, MSG_DONTWAIT);
    if (n <= 0) break;
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

// Everything before it has been read, and the other end will send no more.
inline bool IsAtEnd(const UniqueFd& fd) {
  char byte = 0;
  return recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

}  // namespace baton::testing_support
