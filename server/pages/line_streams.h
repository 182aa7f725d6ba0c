// Answers that come as lines: who gets them, and when there are more.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server/http/session.h"
#include "server/net/event_loop.h"
#include "server/pages/mirror.h"

namespace baton::pages {

// Nothing is asked of a feed before what it gave last has left, so that lines pile up nowhere but
// in the feed, which bounds them; who has not taken that in kTimeToRead is cut off. A client that
// has ended its side has left: it is found out within a second, and its feed goes.
//
// Threads: the loop's.
class LineStreams {
 public:
  static constexpr Duration kTimeToRead = 20s;

  explicit LineStreams(net::EventLoop& loop) : loop_(loop) {}
  LineStreams(const LineStreams&) = delete;
  LineStreams& operator=(const LineStreams&) = delete;

  bool IsFull() const { return streams_.size() >= kMostStreams; }
  // From inside OnRequest, where the session may stream. `headers`: of every answer of the pages.
  void Begin(http::Session& session, http::ExchangeId exchange, const std::string& headers,
             std::unique_ptr<LineFeed> feed) BATON_REQUIRES(on_loop);
  // Forgets a session that has gone.
  void OnClosed(const http::Session& session) { streams_.erase(session.id()); }
  // There may be lines. Whether there may be more at once, or some wait to leave.
  bool Look() BATON_REQUIRES(on_loop);
  // Ends all of them.
  void End() BATON_REQUIRES(on_loop);

 private:
  struct Stream {
    http::Session* session;
    std::unique_ptr<LineFeed> feed;
    SteadyTime given_at;  // the lines before
  };
  enum class State { kQuiet, kBusy, kOver };

  State Advance(Stream& stream) BATON_REQUIRES(on_loop);
  void LookAgainBy(SteadyTime at) BATON_REQUIRES(on_loop);
  void LookAtClients() BATON_REQUIRES(on_loop);

  net::EventLoop& loop_;
  std::map<http::ConnectionId, Stream> streams_;
  std::optional<net::EventLoop::TimerId> timer_;
  SteadyTime timer_at_;
};

}  // namespace baton::pages
