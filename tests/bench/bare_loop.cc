// The least a server can do: one epoll loop that answers every request with the same bytes. The bar
// for ours.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "server/base/duration_text.h"
#include "server/net/socket.h"

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n"
    "{\"data\":[\"dlroW ,olleH\"]}";

// How many whole requests `bytes` starts with; `used` says how long they are. Knows Content-Length
// and nothing else.
std::size_t CountRequests(std::string_view bytes, std::size_t& used) {
  std::size_t count = 0;
  used = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(used);
    const std::size_t head = rest.find("\r\n\r\n");
    if (head == std::string_view::npos) return count;
    const std::size_t length_at = rest.substr(0, head).find("Content-Length: ");
    std::size_t body = 0;
    if (length_at != std::string_view::npos)
      body = std::strtoul(rest.data() + length_at + 16, nullptr, 10);
    if (rest.size() < head + 4 + body) return count;
    used += head + 4 + body;
    ++count;
  }
}

void Serve(int listening) {
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listening;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
  std::array<epoll_event, 256> events{};
  std::vector<char> buffer(64 * 1024);
  std::vector<std::string> unread(65536);  // by descriptor: the start of a request
  std::string answers;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listening) {
        event.data.fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK);
        if (event.data.fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
        continue;
      }
      std::string& pending = unread[static_cast<std::size_t>(fd)];
      const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) {
        pending.clear();
        close(fd);
        continue;
      }
      pending.append(buffer.data(), static_cast<std::size_t>(n));
      std::size_t used = 0;
      answers.clear();
      for (std::size_t left = CountRequests(pending, used); left > 0; --left) answers += kAnswer;
      pending.erase(0, used);
      if (!answers.empty()) send(fd, answers.data(), answers.size(), MSG_NOSIGNAL);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto address = baton::ParseListenAddress(argc > 1 ? argv[1] : "127.0.0.1:0");
  if (!address) {
    std::fprintf(stderr, "bare_loop: %s\n", address.error().message.c_str());
    return 2;
  }
  const auto listening = baton::net::Listen(*address, 4096);
  if (!listening) {
    std::fprintf(stderr, "bare_loop: %s\n", listening.error().message.c_str());
    return 1;
  }
  baton::net::RaiseDescriptorLimit();
  std::printf("ready http=127.0.0.1:%d\n", baton::net::LocalPort(listening->get()));
  std::fflush(stdout);
  Serve(listening->get());
}
