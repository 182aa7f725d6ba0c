// The session's states and ends, and the order of its answers.
#include "server/http/session.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/http/error_response.h"

namespace baton::http {

bool Session::IsAllowed(State from, State to) {
  switch (from) {
    case State::kReading: return to == State::kFinishing || to == State::kClosed;
    case State::kFinishing: return to == State::kLingering || to == State::kClosed;
    case State::kLingering: return to == State::kClosed;
    case State::kClosed: return false;
  }
  return false;
}

Session::Session(net::EventLoop& loop, UniqueFd fd, ConnectionId id, const Options& options,
                 ListenerShard& books, DateCache& date, SessionOwner& owner, net::ClientPlace place,
                 net::Security security)
    : TcpConnection(loop, std::move(fd), std::move(security)),
      id_(id),
      options_(options),
      books_(books),
      date_(date),
      owner_(owner),
      place_(std::move(place)),
      parser_(options.limits, &books.parsers) {
  loop.AssertOnLoop();
  opened_ = loop.Now();
  last_progress_ = opened_;
  books_.shard->Add(books_.children->accepted);
  books_.states[static_cast<std::size_t>(visible_)].fetch_add(1, std::memory_order_relaxed);
  UpdateVisible();
  ArmTimer();
}

Session::~Session() { BATON_CHECK(state_ == State::kClosed); }

void Session::MoveTo(State next) {
  BATON_CHECK(IsAllowed(state_, next));
  state_ = next;
}

bool Session::IsIdle() const {
  return exchanges_.empty() && !HasUnsent() && parser_.IsBetweenRequests() && input_.empty();
}

bool Session::ClientHasLeft() const {
  const net::PeerState peer = peer_state();
  return peer == net::PeerState::kGone ||
         (peer == net::PeerState::kEndedInput && options_.half_close == HalfClose::kAbandon);
}

// RFC 9110, 10.1.1: the interim answer takes its turn behind those of earlier requests.
void Session::SendContinueWhenDue() {
  if (!continue_is_due_ || !exchanges_.empty() || state_ != State::kReading) return;
  continue_is_due_ = false;
  BeginWriting();
  output() += "HTTP/1.1 100 Continue\r\n\r\n";
  FlushAtEndOfTurn();
}

Session::Exchange& Session::Unanswered(ExchangeId id) {
  const std::uint64_t index = static_cast<std::uint64_t>(id) - first_exchange_;
  BATON_CHECK(index < exchanges_.size() && !exchanges_[index].response);
  return exchanges_[index];
}

void Session::Attach(ExchangeId id, AnswerNote note) { Unanswered(id).note = note; }

void Session::Answer(ExchangeId id, Response&& response) {
  Exchange& exchange = Unanswered(id);
  if (static_cast<std::uint64_t>(id) != first_exchange_) {
    KeepForItsTurn(exchange, std::move(response));
    return;
  }
  handed_over_bytes_ -= exchange.bytes;
  BeginWriting();
  WriteNext(response, SteadyTime::max());
  while (!exchanges_.empty() && exchanges_.front().response) {
    Exchange& next = exchanges_.front();
    waiting_bytes_ -= next.bytes;
    std::unique_ptr<Response> kept = std::move(next.response);
    WriteNext(*kept, next.answered_at);
    books_.responses.GiveBack(std::move(kept));
  }
  FlushAtEndOfTurn();
}

void Session::KeepForItsTurn(Exchange& exchange, Response&& response) {
  const bool could_read = MayRead();
  handed_over_bytes_ -= exchange.bytes;
  exchange.bytes = response.headers.size() + response.body.size();
  waiting_bytes_ += exchange.bytes;
  exchange.response = books_.responses.Keep(std::move(response));
  exchange.answered_at = loop().ReadClock();
  UpdateHeld();
  if (!could_read && MayRead()) FlushAtEndOfTurn();  // which goes on with reading
}

// The time to take what is written starts with the writing.
void Session::BeginWriting() {
  if (HasUnsent()) return;
  last_progress_ = std::max(last_progress_, loop().Now());
  progress_bytes_ = sent_bytes();
}

// `first_write` is SteadyTime::max() for whoever did not wait for its turn.
void Session::WriteNext(const Response& response, SteadyTime first_write) {
  Exchange& exchange = exchanges_.front();
  const bool is_last = exchanges_.size() == 1 && input_.empty();
  if ((is_draining_ || is_leaving_) && is_last && state_ == State::kReading) {
    exchange.close = true;
    MoveTo(State::kFinishing);
  }
  WriteOptions how;
  how.date = date_.At(std::time(nullptr));
  how.close = exchange.close || (state_ == State::kFinishing && is_last);
  how.version_minor = exchange.version_minor;
  how.head_only = exchange.head_only;
  AppendResponse(output(), response, how);
  if (const auto& part = response.file; part && !how.head_only) {
    AppendFile(part->file, part->offset, part->size);
  }
  unsent_.push_back(Unsent{exchange.note, queued_bytes(), first_write});
  exchanges_.pop_front();
  ++first_exchange_;
}

void Session::OnFlushed(SteadyTime at) {
  ReportSent(at);
  if (state_ == State::kClosed) return;
  SendContinueWhenDue();
  ResumeAfterAnswer();
  if (state_ == State::kClosed) return;
  if (is_leaving_ && state_ == State::kReading && IsIdle()) MoveTo(State::kFinishing);
  FinishIfDone();
  if (state_ == State::kClosed) return;
  UpdateVisible();
  UpdateHeld();
  ArmTimer();
}

void Session::ReportSent(SteadyTime flush_began) {
  const SteadyTime now = loop().ReadClock();
  if (sent_bytes() > reported_bytes_) {
    if (!HasUnsent() || sent_bytes() - progress_bytes_ >= options_.timeouts.write_bytes) {
      last_progress_ = now;
      progress_bytes_ = sent_bytes();
    }
    books_.shard->Add(books_.children->sent_bytes,
                      static_cast<double>(sent_bytes() - reported_bytes_));
    reported_bytes_ = sent_bytes();
  }
  for (std::size_t i = 0; i < unsent_.size(); ++i) {
    SteadyTime& first_write = unsent_[i].first_write;
    if (first_write == SteadyTime::max()) first_write = flush_began;
  }
  while (!unsent_.empty() && unsent_.front().ends_at <= sent_bytes()) {
    const Unsent unsent = unsent_.front();
    unsent_.pop_front();
    body_began_ = now;  // reading may have had to wait for this
    if (unsent.note != kNoNote) owner_.OnSent(unsent.note, unsent.first_write, now, true);
  }
}

// Everything owed has been sent: say goodbye in order, so that no byte of the answer is lost to a
// reset.
void Session::FinishIfDone() {
  if (state_ != State::kFinishing || !exchanges_.empty() || HasUnsent()) return;
  if (peer_has_ended_) {
    CloseNow(OrderlyEnd());
    return;
  }
  MoveTo(State::kLingering);
  ShutdownWrite();
  ResumeReading();
}

void Session::OnEndOfInput() {
  peer_has_ended_ = true;
  if (options_.half_close == HalfClose::kAbandon && !exchanges_.empty()) {
    CloseNow(CloseReason::kClient);
    return;
  }
  if (state_ == State::kReading) MoveTo(State::kFinishing);
  if (state_ == State::kLingering) {
    CloseNow(OrderlyEnd());
    return;
  }
  FinishIfDone();
}

// Once both sides have shut down, that too is reported as broken.
void Session::OnBroken() {
  CloseNow(state_ == State::kLingering ? OrderlyEnd() : CloseReason::kClient);
}

void Session::OnFileFailed() { CloseNow(CloseReason::kError); }

// What came before is no part of a request's time.
void Session::OnHandshakeDone() {
  last_progress_ = loop().Now();
  UpdateVisible();
  ArmTimer();
}

void Session::OnHandshakeFailed(net::HandshakeOutcome outcome) {
  if (outcome == net::HandshakeOutcome::kAbandoned) {
    CloseNow(CloseReason::kClient);
    return;
  }
  refused_for_ = CloseReason::kProtocolError;
  last_progress_ = loop().Now();
  MoveTo(State::kFinishing);
  if (outcome == net::HandshakeOutcome::kPlainHttp) {
    AppendResponse(output(), ErrorResponse(400, "this port speaks TLS: ask it with https://"),
                   {.date = date_.At(std::time(nullptr)), .close = true});
  }
  Flush();
}

CloseReason Session::OrderlyEnd() const {
  if (refused_for_ != CloseReason::kClient) return refused_for_;
  if (is_leaving_) return CloseReason::kOperator;
  return is_draining_ ? CloseReason::kDrain : CloseReason::kClient;
}

void Session::CloseWhenAnswered() {
  is_leaving_ = true;
  if (IsIdle()) CloseNow(CloseReason::kOperator);
}

Session::Figures Session::figures() const {
  Figures figures{opened_, visible_, requests_, 0, received_bytes_, is_leaving_};
  for (std::size_t i = 0; i < exchanges_.size(); ++i) {
    if (!exchanges_[i].response) ++figures.in_flight;
  }
  return figures;
}

void Session::CloseNow(CloseReason reason) {
  if (state_ == State::kClosed) return;
  MoveTo(State::kClosed);
  loop().Cancel(timer_);
  Close();
  books_.CountClosed(reason);
  books_.states[static_cast<std::size_t>(visible_)].fetch_sub(1, std::memory_order_relaxed);
  books_.Hold(held_, 0);
  AbandonAll();
  owner_.OnClosed(*this);
}

void Session::AbandonAll() {
  const SteadyTime now = loop().ReadClock();
  for (std::size_t i = 0; i < unsent_.size(); ++i) {
    const Unsent& unsent = unsent_[i];
    if (unsent.note == kNoNote) continue;
    owner_.OnSent(unsent.note, std::min(unsent.first_write, now), now, false);
  }
  unsent_.clear();
  for (std::size_t i = 0; i < exchanges_.size(); ++i) {
    const Exchange& exchange = exchanges_[i];
    if (exchange.note == kNoNote) continue;
    if (exchange.response) {
      owner_.OnSent(exchange.note, exchange.answered_at, now, false);
    } else {
      owner_.OnAbandoned(exchange.note);
    }
  }
  first_exchange_ += exchanges_.size();
  exchanges_.clear();
}

ConnectionState Session::Visible() const {
  if (IsShakingHands()) return ConnectionState::kReading;
  if (HasUnsent()) return ConnectionState::kWriting;
  if (!exchanges_.empty()) return ConnectionState::kPending;
  return parser_.IsBetweenRequests() ? ConnectionState::kIdle : ConnectionState::kReading;
}

void Session::UpdateVisible() {
  const ConnectionState now = Visible();
  if (now == visible_) return;
  books_.Move(visible_, now);
  visible_ = now;
}

void Session::UpdateHeld() {
  const std::size_t now =
      parser_.held_bytes() + input_.size() + unsent_memory_bytes() + waiting_bytes_;
  if (now == held_) return;
  books_.Hold(held_, now);
  held_ = now;
}

}  // namespace baton::http
