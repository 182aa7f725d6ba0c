// Name look-up and the start of connections.
#include "client/lib/server_address.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <netdb.h>

namespace baton::client {
namespace {

tl::unexpected<Error> BadAddress(std::string_view text) {
  return Fail(ErrorCode::kInvalidArgument,
              "'" + std::string(text) +
                  "' is no server address: expected HOST:PORT with a port from 1 to 65535 "
                  "(such as 127.0.0.1:8080)");
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failure == std::errc() && end == text.data() + text.size() && port != 0;
}

Result<std::vector<SocketAddress>> LookUp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failure != 0) {
    return Fail(ErrorCode::kUnavailable,
                "cannot find the address of '" + host + "': " + ::gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  std::stable_partition(addresses.begin(), addresses.end(), [](const SocketAddress& address) {
    return address.storage.ss_family == AF_INET;
  });
  return addresses;
}

}  // namespace

bool SocketAddress::IsLoopback() const {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof(v4));
    return (ntohl(v4.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof(v6));
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) != 0;
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0 ||
           (is_mapped && v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
  }
  return false;
}

Result<UniqueFd> SocketAddress::StartConnect() const {
  UniqueFd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Fail(ErrorCode::kResourceExhausted, std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_storage copy = storage;
  // The socket interface takes every family through a sockaddr pointer.
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&copy));
  if (::connect(fd.get(), generic, size) != 0 && errno != EINPROGRESS) {
    return Fail(ErrorCode::kUnavailable, std::strerror(errno));
  }
  return fd;
}

Result<ServerAddress> ServerAddress::Resolve(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string host =
      colon == std::string_view::npos ? std::string() : std::string(text.substr(0, colon));
  const std::string port(colon == std::string_view::npos ? text : text.substr(colon + 1));
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "127.0.0.1";
  const bool is_text_host = host.find_first_of("[]/ ") == std::string::npos;
  const bool is_bare_v6 = !is_bracketed && host.find(':') != std::string::npos;
  if (!IsPort(port) || !is_text_host || is_bare_v6) return BadAddress(text);

  Result<std::vector<SocketAddress>> candidates = LookUp(host, port);
  if (!candidates) return tl::unexpected(candidates.error());
  ServerAddress address;
  address.text_ = (is_bracketed ? "[" + host + "]" : host) + ":" + port;
  address.candidates_ = std::move(*candidates);
  return address;
}

bool ServerAddress::IsLoopback() const {
  return std::all_of(candidates_.begin(), candidates_.end(),
                     [](const SocketAddress& address) { return address.IsLoopback(); });
}

}  // namespace baton::client
