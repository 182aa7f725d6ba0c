// The life of one HTTP connection: requests in, answers out in the same order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/ring.h"
#include "server/http/limits.h"
#include "server/http/listener_metrics.h"
#include "server/http/message.h"
#include "server/http/request_parser.h"
#include "server/http/response_writer.h"
#include "server/http/session_owner.h"
#include "server/net/client_places.h"
#include "server/net/tcp_connection.h"

namespace baton::http {

// Absolute clocks of a connection; each ends it.
struct SessionTimeouts {
  // From a request's first byte to the end of its head: 408. Of a secured connection also from its
  // start to the end of its handshake.
  Duration head = 10s;
  Duration body = 20s;   // from there to the end of its body: 408
  Duration write = 20s;  // for the next write_bytes of what waits to leave, or all of it
  Duration idle = 75s;   // between requests
  Duration linger = 2s;  // for the peer to take its last answer and hang up

  // A body may take so long, and a second more for each body_rate of its bytes that have come; then
  // 408.
  Duration body_grace = 5s;
  std::size_t body_rate = 240;  // bytes a second; 0: `body` is all that counts
  std::size_t write_bytes = 16 * 1024;
};

// What a client means that ends its input while an answer is pending.
enum class HalfClose {
  kAnswer,   // it has no more to ask, and waits for the answer
  kAbandon,  // it has left, as its whole connection would show at the first write
};

enum class ConnectionId : std::uint64_t {};

// Reading goes on while answers are pending, up to limits.pipelined_requests of them, or up to one
// while the books say so (ListenerShard::takes_pipelined), and up to output_high_bytes of what they
// and their requests take; it is resumed by the answers that leave. What is not read yet stays in
// the kernel, and the end of the input unseen behind it.
//
// A request that its head decides is answered before its body has come. That body is read and
// forgotten, up to limits.forgotten_bytes and against the same clocks, and the connection goes on
// behind it; where it is longer, or nobody can know whether it comes at all (Expect), the answer is
// the connection's last. In no case are its bytes taken for a request.
//
// Threads: the loop's. Owns: its place among the connections of its client.
// Invariant: every exchange ends in exactly one of Answer and OnAbandoned.
class Session final : public net::TcpConnection {
 public:
  enum class State {
    kReading,    // requests are taken; -> kFinishing, kClosed
    kFinishing,  // nothing more is read; what was taken is answered; -> kLingering, kClosed
    kLingering,  // all is sent and shut down; waits for the peer to hang up; -> kClosed
    kClosed,
  };
  static bool IsAllowed(State from, State to);

  struct Options {
    Limits limits;
    SessionTimeouts timeouts;
    // Of unsent answers and of the bodies of unanswered requests; above it, reading waits.
    std::size_t output_high_bytes = 256 * 1024;
    // What all sessions of a loop may hold of unfinished requests and unsent answers. Above it,
    // whoever is in the middle of a request and holds more than held_free_bytes is refused: 503.
    std::size_t held_bytes = 256 * 1024 * 1024;
    std::size_t held_free_bytes = 64 * 1024;
    HalfClose half_close = HalfClose::kAnswer;
  };

  Session(net::EventLoop& loop, UniqueFd fd, ConnectionId id, const Options& options,
          ListenerShard& books, DateCache& date, SessionOwner& owner, net::ClientPlace place = {},
          net::Security security = {});
  ~Session() override;

  ConnectionId id() const { return id_; }
  State state() const { return state_; }
  // When the first byte of the request that is being read, or was refused, can have been readable.
  SteadyTime request_began() const { return request_began_; }

  // Gives an unanswered exchange its note.
  void Attach(ExchangeId id, AnswerNote note);
  // From inside OnRequest: nothing behind what was taken so far is taken until all of it has been
  // answered and has left. For what holds more than memory until then.
  void TakeNoMoreUntilSent() { takes_more_ = false; }
  // Requires: exchange `id` is unanswered. Never calls the owner back from inside. A response whose
  // turn has come is written and left as it was, for its buffers to be used again.
  void Answer(ExchangeId id, Response&& response) BATON_REQUIRES(on_loop);

  // An answer that has no end yet: a stream. It is the connection's last, nothing behind its
  // request is read, and it ends with EndStream or with the connection. Whether `id` may be one: no
  // earlier answer is owed.
  bool MayStream(ExchangeId id) const { return static_cast<std::uint64_t>(id) == first_exchange_; }
  // Requires: from inside OnRequest; MayStream(id). Its first part is the body of `head`.
  void BeginStream(ExchangeId id, const Response& head) BATON_REQUIRES(on_loop);
  // Requires: BeginStream, and no EndStream since. Nothing bounds what waits to leave: ask
  // HasUnsent() first. Who takes none of it for timeouts.write is cut off.
  void Stream(std::string_view part) BATON_REQUIRES(on_loop);
  void EndStream() BATON_REQUIRES(on_loop);

  // From the next answer on the client is told to go; a connection with nothing under way stays.
  void BeginDrain() BATON_REQUIRES(on_loop) { is_draining_ = true; }
  // Who has not been told yet may stay.
  void EndDrain() BATON_REQUIRES(on_loop) { is_draining_ = false; }
  bool IsIdle() const;
  // When its last answer left, or it began. Requires: it is idle.
  SteadyTime idle_since() const { return last_progress_; }
  // What the kernel knows of the client by now, ahead of the loop. One system call.
  bool ClientHasLeft() const;
  // It ends with its next answer, or at once where it has nothing under way; for good.
  void CloseWhenAnswered() BATON_REQUIRES(on_loop);
  void CloseNow(CloseReason reason) BATON_REQUIRES(on_loop);

  // What it did so far.
  struct Figures {
    SteadyTime opened;
    ConnectionState state = ConnectionState::kIdle;
    std::uint64_t requests = 0;
    std::size_t in_flight = 0;  // of those, without an answer
    std::uint64_t received_bytes = 0;
    bool is_leaving = false;
  };
  Figures figures() const;

 private:
  struct Exchange {
    bool close = false;      // the connection ends after it
    bool head_only = false;  // HEAD
    int version_minor = 1;
    AnswerNote note = kNoNote;
    std::size_t bytes = 0;  // of its request's body until it is answered, then of `response`
    std::unique_ptr<Response> response;  // that was there before its turn
    SteadyTime answered_at;
  };
  struct Unsent {
    AnswerNote note = kNoNote;
    std::uint64_t ends_at = 0;  // of queued_bytes()
    SteadyTime first_write;
  };

  bool TakesBytes() const override;
  std::span<char> RoomForBytes() override BATON_REQUIRES(on_loop);
  void OnBytes(std::string_view bytes) override BATON_REQUIRES(on_loop);
  void OnEndOfInput() override BATON_REQUIRES(on_loop);
  void OnBroken() override BATON_REQUIRES(on_loop);
  void OnFileFailed() override BATON_REQUIRES(on_loop);
  void OnHandshakeDone() override BATON_REQUIRES(on_loop);
  void OnHandshakeFailed(net::HandshakeOutcome outcome) override BATON_REQUIRES(on_loop);
  void OnFlushed(SteadyTime at) override BATON_REQUIRES(on_loop);

  // What the connection waits for, and how long at most.
  enum class Clock { kNone, kHandshake, kIdle, kHead, kBody, kBodyRate, kBudget, kWrite, kLinger };
  struct Due {
    SteadyTime at = SteadyTime::max();
    Clock clock = Clock::kNone;
  };

  void MoveTo(State next);
  Exchange& Unanswered(ExchangeId id);
  void SendContinueWhenDue() BATON_REQUIRES(on_loop);
  void KeepForItsTurn(Exchange& exchange, Response&& response) BATON_REQUIRES(on_loop);
  void BeginWriting() BATON_REQUIRES(on_loop);
  void WriteNext(const Response& response, SteadyTime first_write) BATON_REQUIRES(on_loop);
  void ReportSent(SteadyTime flush_began) BATON_REQUIRES(on_loop);
  void FinishIfDone() BATON_REQUIRES(on_loop);
  void AbandonAll() BATON_REQUIRES(on_loop);
  CloseReason OrderlyEnd() const;
  ConnectionState Visible() const;
  void UpdateVisible();
  void UpdateHeld();

  // session_input.cc
  void TakeBytes(std::string_view bytes) BATON_REQUIRES(on_loop);
  std::size_t Parse(std::string_view bytes, SteadyTime readable_since) BATON_REQUIRES(on_loop);
  void BeginBody(SteadyTime readable_since) BATON_REQUIRES(on_loop);
  void EndRequest(SteadyTime readable_since) BATON_REQUIRES(on_loop);
  void HandOver(Request&& request, bool is_last, SteadyTime readable_since) BATON_REQUIRES(on_loop);
  void RefuseUnreadable() BATON_REQUIRES(on_loop);
  void StopForgetting(CloseReason reason) BATON_REQUIRES(on_loop);
  void Refuse(const Refusal& refusal, CloseReason reason) BATON_REQUIRES(on_loop);
  void ResumeAfterAnswer() BATON_REQUIRES(on_loop);
  bool HasTooManyPending() const;
  bool MayRead() const;
  bool HoldsTooMuch() const;
  void CountPause() const;

  // session_clocks.cc
  Due NextDue() const BATON_REQUIRES(on_loop);
  Due BodyDue() const BATON_REQUIRES(on_loop);
  void ArmTimer() BATON_REQUIRES(on_loop);
  void OnTimer() BATON_REQUIRES(on_loop);
  void EndSlowRequest(const Refusal& refusal, CloseReason reason) BATON_REQUIRES(on_loop);
  void EndLateRequest() BATON_REQUIRES(on_loop);

  // Set once.
  const ConnectionId id_;
  const Options& options_;
  ListenerShard& books_;
  DateCache& date_;
  SessionOwner& owner_;
  const net::ClientPlace place_;

  // Loop thread.
  State state_ = State::kReading;
  ConnectionState visible_ = ConnectionState::kIdle;
  RequestParser parser_;
  std::string input_;  // read and not parsed yet: reading is paused
  SteadyTime input_arrival_;
  Ring<Exchange> exchanges_;          // the unanswered, and the answered behind them
  std::uint64_t first_exchange_ = 0;  // id of exchanges_.front()
  Ring<Unsent> unsent_;
  std::uint64_t reported_bytes_ = 0;   // of sent_bytes(), counted so far
  std::size_t handed_over_bytes_ = 0;  // bodies of unanswered requests
  std::size_t waiting_bytes_ = 0;      // answers before their turn
  std::size_t held_{0};                // this session's part of books_.held_bytes
  bool is_draining_ = false;
  bool is_leaving_ = false;
  bool continue_is_due_ = false;
  bool takes_more_ = true;
  bool is_streaming_ = false;  // the first exchange
  bool forgets_body_ = false;  // of a request that was handed over by its head
  bool peer_has_ended_ = false;
  CloseReason refused_for_ = CloseReason::kClient;  // anything else once a request was refused

  SteadyTime opened_;
  std::uint64_t requests_ = 0;
  std::uint64_t received_bytes_ = 0;

  SteadyTime request_began_;          // arrival of the request that is being read
  SteadyTime body_began_;             // or when the last answer left, if that was later
  SteadyTime complete_by_;            // what OnHead said
  std::uint64_t body_bytes_ = 0;      // read of it since it began, chunk lines and all
  SteadyTime last_progress_;          // in reading between requests, or in writing
  std::uint64_t progress_bytes_ = 0;  // sent_bytes() then
  net::EventLoop::TimerId timer_;
  SteadyTime timer_at_ = SteadyTime::max();
};

}  // namespace baton::http
