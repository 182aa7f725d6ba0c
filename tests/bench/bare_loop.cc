// The least a server can do: one epoll loop that answers every request with the same bytes, or,
// with
// --sum, with the sum of the numbers in it. The bar for ours.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <simdjson.h>

#include "server/base/duration_text.h"
#include "server/net/socket.h"

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::size_t kMostDescriptors = 65536;

// Knows Content-Length and Connection, written as here, and nothing else.
struct Request {
  std::size_t size = 0;  // 0: not whole
  std::string_view body;
  bool is_last = false;
};

Request ReadRequest(std::string_view bytes) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view head = bytes.substr(0, end + 2);
  const std::size_t length = head.find(kLength);
  const std::size_t body = length == std::string_view::npos
                               ? 0
                               : std::strtoul(head.data() + length + kLength.size(), nullptr, 10);
  if (bytes.size() < end + 4 + body) return {};
  const bool is_last = head.find("\r\nConnection: close\r\n") != std::string_view::npos;
  return {end + 4 + body, bytes.substr(end + 4, body), is_last};
}

std::string AnswerWith(std::string_view body) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
  return answer.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

class Answerer {
 public:
  explicit Answerer(bool sums) : sums_(sums) {}

  void Append(std::string_view body, std::string& answers) {
    if (sums_) {
      answers += AnswerWith("{\"sum\":" + std::to_string(Sum(body)) + "}");
    } else {
      answers += fixed_;
    }
  }

 private:
  // Of the first input of an Open Inference Protocol request.
  double Sum(std::string_view body) {
    padded_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(body);
    double sum = 0;
    simdjson::ondemand::document document = parser_.iterate(padded_);
    for (const double value : document["inputs"].at(0)["data"].get_array()) sum += value;
    return sum;
  }

  const bool sums_;
  const std::string fixed_ = AnswerWith("{\"data\":[\"dlroW ,olleH\"]}");
  simdjson::ondemand::parser parser_;
  std::string padded_;
};

class Loop {
 public:
  Loop(int listening, bool sums)
      : listening_(listening), epoll_(epoll_create1(0)), answerer_(sums) {
    Watch(listening);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        fd == listening_ ? Accept() : Serve(fd);
      }
    }
  }

 private:
  void Watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void Accept() const {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) Watch(fd);
  }

  void Serve(int fd) {
    std::string& kept = kept_[static_cast<std::size_t>(fd)];
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return Close(fd);
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (!kept.empty()) bytes = kept.append(bytes);
    bool is_last = false;
    std::size_t used = 0;
    answers_.clear();
    for (Request request = ReadRequest(bytes); request.size > 0 && !is_last;
         request = ReadRequest(bytes.substr(used))) {
      answerer_.Append(request.body, answers_);
      used += request.size;
      is_last = request.is_last;
    }
    if (!answers_.empty()) send(fd, answers_.data(), answers_.size(), MSG_NOSIGNAL);
    if (is_last) return Close(fd);
    kept.empty() ? kept.assign(bytes.substr(used)) : kept.erase(0, used);
  }

  void Close(int fd) {
    kept_[static_cast<std::size_t>(fd)].clear();
    close(fd);
  }

  const int listening_;
  const int epoll_;
  Answerer answerer_;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
  std::vector<std::string> kept_ = std::vector<std::string>(kMostDescriptors);  // by descriptor
  std::string answers_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool sums = argc == 2 && std::string_view(argv[1]) == "--sum";
  if (argc > 1 && !sums) {
    std::fprintf(stderr, "bare_loop: expected --sum or nothing, got '%s'\n", argv[1]);
    return 2;
  }
  const auto listening = baton::net::Listen(*baton::ParseListenAddress("127.0.0.1:0"), 4096);
  if (!listening) {
    std::fprintf(stderr, "bare_loop: %s\n", listening.error().message.c_str());
    return 1;
  }
  baton::net::RaiseDescriptorLimit();
  std::printf("ready http=127.0.0.1:%d\n", baton::net::LocalPort(listening->get()));
  std::fflush(stdout);
  Loop(listening->get(), sums).Run();
}
