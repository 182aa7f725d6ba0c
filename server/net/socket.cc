// The system calls behind listening sockets.
#include "server/net/socket.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace baton::net {
namespace {

constexpr int kUnsentBytes = 128 * 1024;  // beyond what the peer's window has room for

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress ToSocketAddress(const ListenAddress& address) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    result.size = sizeof(*v4);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    result.size = sizeof(*v6);
  }
  return result;
}

tl::unexpected<Error> ListenFailure(const ListenAddress& address, int reason) {
  const ErrorCode code = reason == EADDRINUSE      ? ErrorCode::kAlreadyExists
                         : reason == EADDRNOTAVAIL ? ErrorCode::kInvalidArgument
                                                   : ErrorCode::kInternal;
  return Fail(code, "cannot listen on " + address.ToText() + ": " + std::strerror(reason));
}

}  // namespace

Result<UniqueFd> Listen(const ListenAddress& address, int backlog) {
  const SocketAddress to = ToSocketAddress(address);
  if (to.size == 0) return ListenFailure(address, EINVAL);
  UniqueFd fd(socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ListenFailure(address, errno);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Inherited by accepted connections. The kernel would buffer megabytes for a peer that reads
  // nothing.
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof(kUnsentBytes));
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 ||
      listen(fd.get(), backlog) != 0) {
    return ListenFailure(address, errno);
  }
  return fd;
}

std::uint16_t LocalPort(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

BacklogFigures ReadBacklog(int listening_fd) {
  BacklogFigures figures;
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(listening_fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    // For a listening socket the kernel puts the queue's length and limit here (tcp_get_info).
    figures.depth = info.tcpi_unacked;
    figures.limit = info.tcpi_sacked;
  }
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  size = sizeof(memory);
  if (getsockopt(listening_fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0) {
    figures.drops = memory[SK_MEMINFO_DROPS];
  }
  return figures;
}

PeerState ReadPeerState(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return PeerState::kThere;
  switch (info.tcpi_state) {
    case TCP_CLOSE: return PeerState::kGone;
    case TCP_CLOSE_WAIT:
    case TCP_LAST_ACK:
    case TCP_CLOSING: return PeerState::kEndedInput;
    default: return PeerState::kThere;
  }
}

std::string PeerText(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "unknown";
  if (storage.ss_family == AF_UNIX) return "unix";
  std::array<char, INET6_ADDRSTRLEN> text{};
  ListenAddress address;
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    address.port = ntohs(v6->sin6_port);
  } else {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    address.port = ntohs(v4->sin_port);
  }
  address.host = text.data();
  return address.ToText();
}

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace baton::net
