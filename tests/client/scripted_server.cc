// The scripted server: one thread accepts, one serves each connection.
#include "tests/client/scripted_server.h"

#include <array>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>

#include "server/base/check.h"

namespace baton::client {
namespace {

UniqueFd BindLoopback(std::uint16_t& port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  socklen_t size = sizeof(address);
  BATON_CHECK(::bind(fd.get(), generic, size) == 0);
  BATON_CHECK(::getsockname(fd.get(), generic, &size) == 0);
  port = ntohs(address.sin_port);
  return fd;
}

// The length of the request at the front of `text`; 0 while it is not whole.
std::size_t WholeRequest(const std::string& text) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos) return 0;
  std::size_t size = head_end + 4;
  const std::size_t length = text.find(kLength);
  if (length < head_end) {
    size += std::strtoull(text.c_str() + length + kLength.size(), nullptr, 10);
  }
  return text.size() >= size ? size : 0;
}

}  // namespace

std::string HttpText(int status, const std::vector<std::string>& headers, const std::string& body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Text\r\n";
  for (const std::string& header : headers) text += header + "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), listener_(BindLoopback(port_)) {
  BATON_CHECK(::listen(listener_.get(), 128) == 0);
  acceptor_ = std::jthread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  std::vector<std::jthread> threads;
  {
    MutexLock lock(mutex_);
    is_ending_ = true;
    for (const UniqueFd& fd : connections_) ::shutdown(fd.get(), SHUT_RDWR);
    threads.swap(threads_);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes the acceptor
  acceptor_.join();
}

void ScriptedServer::Accept() {
  for (;;) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return;
    MutexLock lock(mutex_);
    if (is_ending_) return;
    ++accepted_;
    const int number = fd.get();
    connections_.push_back(std::move(fd));
    threads_.emplace_back([this, number] { Serve(number); });
  }
}

void ScriptedServer::Serve(int fd) {
  std::string input;
  std::array<char, 16 << 10> buffer{};
  for (;;) {
    const std::size_t size = WholeRequest(input);
    if (size == 0) {
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      input.append(buffer.data(), static_cast<std::size_t>(got));
      continue;
    }
    const Reply reply = script_(requests_.fetch_add(1), input.substr(0, size));
    input.erase(0, size);
    ::send(fd, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    if (reply.then == Reply::Then::kReset) {
      // Closing with a lingering time of zero is what makes the kernel send a reset.
      const linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    if (reply.then != Reply::Then::kKeep) break;
  }
  MutexLock lock(mutex_);
  for (UniqueFd& connection : connections_) {
    if (connection.get() == fd) connection.Reset();
  }
}

std::uint16_t UnusedPort() {
  std::uint16_t port = 0;
  BindLoopback(port);
  return port;
}

}  // namespace baton::client
