// A small blocking HTTP server on a free loopback port that answers as a test tells it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/fd.h"
#include "server/base/mutex.h"

namespace baton::client {

// What follows one request.
struct Reply {
  enum class Then { kKeep, kClose, kReset };
  std::string bytes;  // empty: nothing is sent
  Then then = Then::kKeep;
};

// "HTTP/1.1 STATUS ..." with `headers` (each "Name: value") and a body with its length.
std::string HttpText(int status, const std::vector<std::string>& headers, const std::string& body);

// Threads: the script is called on a thread per connection, several at a time.
class ScriptedServer {
 public:
  // `index` counts the requests of all connections from 0; `request` is its head and body.
  using Script = std::function<Reply(std::size_t index, const std::string& request)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();  // ends all connections
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::size_t requests() const { return requests_.load(); }
  std::size_t accepted() const { return accepted_.load(); }

 private:
  void Accept();
  void Serve(int fd);

  const Script script_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::atomic<std::size_t> requests_{0};
  std::atomic<std::size_t> accepted_{0};
  Mutex mutex_;
  bool is_ending_ BATON_GUARDED_BY(mutex_) = false;
  // Shut down and not closed at the end, so that no descriptor is reused while its thread looks at
  // it.
  std::vector<UniqueFd> connections_ BATON_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_ BATON_GUARDED_BY(mutex_);
  std::jthread acceptor_;
};

// A loopback port that nobody listens on at the moment.
std::uint16_t UnusedPort();

}  // namespace baton::client
