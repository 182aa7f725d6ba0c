// One non-blocking keep-alive connection of the load generator.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "client/lib/response_parser.h"
#include "client/lib/server_address.h"
#include "server/base/clock.h"
#include "server/base/fd.h"

namespace baton::client {

// Moves closed -> connecting -> idle -> busy -> idle ..., and from anywhere back to closed. It
// watches its own descriptor in the epoll set that it was given; the event's data is its index.
//
// Threads: one at a time.
class LoadConnection {
 public:
  enum class State { kClosed, kConnecting, kIdle, kBusy };
  // What came of a step.
  enum class Step {
    kAgain,      // nothing yet: wait for the next event
    kConnected,  // now idle
    kAnswered,   // a response is whole: read response(), then Rest()
    kClosed,     // the server left an idle connection; now closed
    kReset,      // broke under a request or an attempt to connect; now closed
    kEof,        // the server closed before the end of the response; now closed
    kMalformed,  // what came is not HTTP; now closed
  };

  // `epoll_fd` outlives the connection.
  LoadConnection(int epoll_fd, std::uint32_t index);

  // Requires: closed. kAgain, or kReset when it failed at once.
  Step Connect(const SocketAddress& server);

  // Starts sending `wire`, which stays valid until the answer. Requires: idle.
  Step Send(std::string_view wire, bool expects_head);

  // Does what `events` of epoll call for. `buffer` is scratch space.
  Step OnEvents(std::uint32_t events, std::span<char> buffer);

  // After kAnswered: idle, or closed when the connection cannot carry another request.
  void Rest();
  void Close();

  State state() const { return state_; }
  // Whether this connection ever carried a whole response.
  bool HasServed() const { return has_served_; }
  const Response& response() const { return parser_.response(); }

 private:
  Step FinishConnect(std::uint32_t events);
  Step Receive(std::span<char> buffer);
  Step Flush();
  Step CloseAs(Step step);
  void Watch(std::uint32_t events, bool is_new);

  const int epoll_fd_;
  const std::uint32_t index_;
  UniqueFd fd_;
  State state_ = State::kClosed;
  std::uint32_t watched_ = 0;
  std::string_view unsent_;
  bool has_served_ = false;
  bool has_surplus_ = false;  // bytes came that nobody asked for
  ResponseParser parser_;
};

}  // namespace baton::client
