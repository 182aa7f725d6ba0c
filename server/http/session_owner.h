// Whoever answers the requests of a session.
#pragma once

#include <cstdint>

#include "server/base/clock.h"
#include "server/http/message.h"
#include "server/http/request_parser.h"

namespace baton::http {

// Counts the requests of one connection from 0.
enum class ExchangeId : std::uint64_t {};

// A number that an exchange carries to the moment when its answer has left; its meaning is the
// owner's.
using AnswerNote = std::uint32_t;
inline constexpr AnswerNote kNoNote = UINT32_MAX;

// What the owner makes of a request by its head, while its body is still to come.
struct HeadVerdict {
  bool needs_body = true;  // false: OnRequest follows at once, and what is to come is forgotten
  // Absolute, and apart from the session's own clocks. If the body is not there by then, OnRequest
  // follows without it, with complete_at max(); its answer is the connection's last.
  SteadyTime complete_by = SteadyTime::max();
};

class Session;

// All calls come on the loop thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  // A head is complete and its body is not. The request has begun at session.request_began().
  virtual HeadVerdict OnHead(Session& session, const Request& head) {
    static_cast<void>(session);
    static_cast<void>(head);
    return {};
  }
  // Answer it inside this call or later, exactly once. Its body is whole, but for what OnHead said.
  virtual void OnRequest(Session& session, ExchangeId exchange, Request&& request) = 0;
  // The bytes were no request (or came too slowly, refusal 408). Answer inside this call; the
  // connection ends.
  virtual void OnRefusal(Session& session, ExchangeId exchange, const Refusal& refusal,
                         const Request& partial) = 0;
  // The client left while an exchange was unanswered; `note` as attached to it.
  virtual void OnAbandoned(AnswerNote note) = 0;
  // The answer with `note` has been handed to the kernel whole (`is_whole`), or the connection
  // broke before. `first_write` is when its first write was tried, or would have been but for
  // earlier answers of the connection.
  virtual void OnSent(AnswerNote note, SteadyTime first_write, SteadyTime done, bool is_whole) = 0;
  // Last call; the session destroys itself at the end of the turn.
  virtual void OnClosed(Session& session) = 0;
};

}  // namespace baton::http
