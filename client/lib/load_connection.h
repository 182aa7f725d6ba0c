// One non-blocking connection of the load generator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/lib/answer_memo.h"
#include "client/lib/response_parser.h"
#include "client/lib/server_address.h"
#include "server/base/fd.h"

namespace baton::client {

// What the connections of one load share.
struct LoadChannel {
  UniqueFd epoll;
  std::string requests;  // the same one, as often as a connection may have it under way
  std::size_t request_size = 0;
  bool expects_head = false;
  bool is_one_shot = false;  // a connection carries one request and is then reset
  std::vector<char> buffer;  // scratch space for what is received
  AnswerMemo memo;
};

// Moves closed -> connecting -> idle -> busy -> idle ..., and from anywhere back to closed. It
// watches its own descriptor in the channel's epoll set; the event's data is its index.
//
// Threads: one at a time.
class LoadConnection {
 public:
  enum class State { kClosed, kConnecting, kIdle, kBusy };
  // What came of a step.
  enum class Step {
    kAgain,      // nothing yet: wait for the next event
    kConnected,  // now idle
    kAnswered,   // a response is whole: read answer(), then Rest()
    kClosed,     // the server left an idle connection; now closed
    kReset,      // broke under a request or an attempt to connect; now closed
    kEof,        // the server closed before the end of the response; now closed
    kMalformed,  // what came is not HTTP; now closed
  };

  // `channel` outlives the connection.
  LoadConnection(LoadChannel& channel, std::uint32_t index);

  // Requires: closed. kAgain, or kReset when it failed at once.
  Step Connect(const SocketAddress& server);

  // Starts sending `count` requests. Requires: idle or busy, and no more under way than
  // channel.requests holds.
  Step Send(std::size_t count);

  // Does what `events` of epoll call for.
  Step OnEvents(std::uint32_t events);

  // After kAnswered, before anything else is done with this or another connection: goes on to the
  // next response, which may have come with this one. kAgain leaves it busy, idle, or, when it
  // cannot carry another request, closed.
  Step Rest();
  void Close();

  State state() const { return state_; }
  // Whether this connection ever carried a whole response.
  bool HasServed() const { return has_served_; }
  // Requires: the last step was kAnswered.
  const LoadAnswer& answer() const { return *answer_; }

 private:
  Step FinishConnect(std::uint32_t events);
  Step Receive();
  Step ReadAnswer();
  Step Flush();
  Step CloseAs(Step step);
  void Watch(std::uint32_t events, bool is_new);

  LoadChannel* channel_;
  std::uint32_t index_;
  UniqueFd fd_;
  State state_ = State::kClosed;
  std::uint32_t watched_ = 0;
  std::size_t under_way_ = 0;  // requests whose response is not whole
  std::size_t unsent_ = 0;     // bytes of them
  std::string_view unread_;    // into the channel's buffer
  const LoadAnswer* answer_ = nullptr;
  bool has_served_ = false;
  ResponseParser parser_;
};

}  // namespace baton::client
