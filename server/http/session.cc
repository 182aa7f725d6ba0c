// The session's states, its clocks, and the order of its answers.
#include "server/http/session.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"

namespace baton::http {
namespace {

constexpr Refusal kSlowHead = {408, "header_timeout", "the request's head took too long to arrive"};
constexpr Refusal kSlowBody = {408, "body_timeout", "the request's body took too long to arrive"};
constexpr Refusal kTooMuchHeld = {503, "too_much_held",
                                  "the server holds as many unfinished requests as it may"};

}  // namespace

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
                 ListenerShard& books, DateCache& date, SessionOwner& owner)
    : TcpConnection(loop, std::move(fd)),
      id_(id),
      options_(options),
      books_(books),
      date_(date),
      owner_(owner),
      parser_(options.limits) {
  loop.AssertOnLoop();
  last_progress_ = loop.Now();
  books_.shard->Add(books_.children->accepted);
  books_.states[static_cast<std::size_t>(visible_)].fetch_add(1, std::memory_order_relaxed);
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

bool Session::MayRead() const {
  const std::size_t pending = books_.takes_pipelined ? options_.limits.pipelined_requests : 1;
  return state_ == State::kReading && exchanges_.size() < pending &&
         queued_bytes() - sent_bytes() <= options_.output_high_bytes;
}

bool Session::TakesBytes() const { return state_ == State::kLingering || MayRead(); }

void Session::OnBytes(std::string_view bytes) {
  books_.shard->Add(books_.children->received_bytes, static_cast<double>(bytes.size()));
  if (state_ == State::kReading) {
    if (exchanges_.empty() && parser_.IsBetweenRequests()) {
      // Not before the answer that this client waited for, nor before it was let in.
      request_began_ = std::max(loop().ReadableSince(), last_progress_);
    } else if (parser_.IsBetweenRequests()) {
      request_began_ = loop().ReadableSince();
    }
    const bool is_too_much = parser_.state() == ParseState::kBody &&
                             held_ > options_.held_free_bytes &&
                             books_.held_bytes > options_.held_bytes;
    if (is_too_much) Refuse(kTooMuchHeld, CloseReason::kLimit);
    const std::size_t taken = is_too_much ? 0 : Parse(bytes, loop().ReadableSince());
    if (state_ == State::kReading && taken < bytes.size()) {
      input_.assign(bytes.substr(taken));
      input_arrival_ = loop().ReadableSince();
      PauseReading();
    }
  } else if (state_ == State::kFinishing) {
    PauseReading();  // the rest waits in the kernel until the answer has left
  }  // kLingering: read and forgotten, so that the peer gets an orderly end instead of a reset
  if (state_ == State::kClosed) return;
  UpdateVisible();
  UpdateHeld();
  ArmTimer();
}

// Returns how many bytes were used. Stops early when enough requests are pending.
std::size_t Session::Parse(std::string_view bytes, SteadyTime readable_since) {
  std::size_t used = 0;
  while (used < bytes.size() && MayRead()) {
    const bool was_in_head = parser_.state() == ParseState::kHead;
    const RequestParser::Progress progress = parser_.Feed(bytes.substr(used));
    used += progress.consumed;
    if (was_in_head && progress.state != ParseState::kHead) body_began_ = loop().Now();
    if (progress.state == ParseState::kComplete) {
      TakeRequest(readable_since);
      request_began_ = readable_since;  // of a next one in the same bytes
    } else if (progress.state == ParseState::kRefused) {
      books_.CountParseError(parser_.refusal().reason);
      Refuse(parser_.refusal(), CloseReason::kProtocolError);
    }
    if (parser_.state() != ParseState::kRefused && parser_.TakeExpectContinue()) {
      continue_is_due_ = true;
      SendContinueWhenDue();
    }
  }
  return used;
}

void Session::TakeRequest(SteadyTime readable_since) {
  Request request = std::move(parser_.request());
  request.arrival = request_began_;
  request.complete_at = std::max(request_began_, readable_since);
  continue_is_due_ = false;
  Exchange exchange;
  exchange.close = !request.keep_alive;
  exchange.head_only = request.method == Method::kHead;
  exchange.version_minor = request.version_minor;
  const ExchangeId id{first_exchange_ + exchanges_.size()};
  exchanges_.push_back(std::move(exchange));
  if (!request.keep_alive) MoveTo(State::kFinishing);
  parser_.Next();
  owner_.OnRequest(*this, id, std::move(request));
}

void Session::Refuse(const Refusal& refusal, CloseReason reason) {
  refused_for_ = reason;
  Exchange exchange;
  exchange.close = true;
  exchange.head_only = parser_.partial().method == Method::kHead;
  const ExchangeId id{first_exchange_ + exchanges_.size()};
  exchanges_.push_back(std::move(exchange));
  MoveTo(State::kFinishing);
  owner_.OnRefusal(*this, id, refusal, parser_.partial());
}

// RFC 9110, 10.1.1: the interim answer takes its turn behind those of earlier requests.
void Session::SendContinueWhenDue() {
  if (!continue_is_due_ || !exchanges_.empty() || state_ != State::kReading) return;
  continue_is_due_ = false;
  output() += "HTTP/1.1 100 Continue\r\n\r\n";
  FlushAtEndOfTurn();
}

Session::Exchange& Session::Unanswered(ExchangeId id) {
  const std::uint64_t index = static_cast<std::uint64_t>(id) - first_exchange_;
  BATON_CHECK(index < exchanges_.size() && !exchanges_[index].is_answered);
  return exchanges_[index];
}

void Session::Attach(ExchangeId id, AnswerNote note) { Unanswered(id).note = note; }

void Session::Answer(ExchangeId id, Response&& response) {
  Exchange& exchange = Unanswered(id);
  exchange.is_answered = true;
  exchange.response = std::move(response);
  exchange.waited = static_cast<std::uint64_t>(id) != first_exchange_;
  if (exchange.waited) {
    exchange.answered_at = loop().ReadClock();
  } else {
    WriteAnswersInOrder();
  }
}

void Session::WriteAnswersInOrder() {
  // The time to take an answer starts with the answer.
  if (!HasUnsent()) last_progress_ = std::max(last_progress_, loop().Now());
  while (!exchanges_.empty() && exchanges_.front().is_answered) {
    Exchange& exchange = exchanges_.front();
    const bool is_last = exchanges_.size() == 1 && input_.empty();
    if (is_draining_ && is_last && state_ == State::kReading) {
      exchange.close = true;
      MoveTo(State::kFinishing);
    }
    WriteOptions how;
    how.date = date_.At(std::time(nullptr));
    how.close = exchange.close || (state_ == State::kFinishing && is_last);
    how.version_minor = exchange.version_minor;
    how.head_only = exchange.head_only;
    AppendResponse(output(), exchange.response, how);
    const SteadyTime first_write = exchange.waited ? exchange.answered_at : SteadyTime::max();
    unsent_.push_back(Unsent{exchange.note, queued_bytes(), first_write});
    exchanges_.pop_front();
    ++first_exchange_;
  }
  FlushAtEndOfTurn();
}

void Session::OnFlushed(SteadyTime at) {
  ReportSent(at);
  if (state_ == State::kClosed) return;
  SendContinueWhenDue();
  ResumeAfterAnswer();
  if (state_ == State::kClosed) return;
  FinishIfDone();
  if (state_ == State::kClosed) return;
  UpdateVisible();
  UpdateHeld();
  ArmTimer();
}

void Session::ReportSent(SteadyTime flush_began) {
  const SteadyTime now = loop().ReadClock();
  if (sent_bytes() > reported_bytes_) {
    last_progress_ = now;
    books_.shard->Add(books_.children->sent_bytes,
                      static_cast<double>(sent_bytes() - reported_bytes_));
    reported_bytes_ = sent_bytes();
  }
  for (Unsent& unsent : unsent_) {
    if (unsent.first_write == SteadyTime::max()) unsent.first_write = flush_began;
  }
  while (!unsent_.empty() && unsent_.front().ends_at <= sent_bytes()) {
    const Unsent unsent = unsent_.front();
    unsent_.pop_front();
    if (unsent.note != kNoNote) owner_.OnSent(unsent.note, unsent.first_write, now, true);
  }
}

void Session::ResumeAfterAnswer() {
  if (!MayRead()) return;
  if (!input_.empty()) {
    std::string input;
    input.swap(input_);
    if (parser_.IsBetweenRequests()) request_began_ = input_arrival_;
    const std::size_t taken = Parse(input, input_arrival_);
    if (state_ == State::kReading && taken < input.size()) {
      input.erase(0, taken);
      input_ = std::move(input);
      return;
    }
  }
  if (state_ == State::kReading) ResumeReading();
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

CloseReason Session::OrderlyEnd() const {
  if (refused_for_ != CloseReason::kClient) return refused_for_;
  return is_draining_ ? CloseReason::kDrain : CloseReason::kClient;
}

void Session::CloseNow(CloseReason reason) {
  if (state_ == State::kClosed) return;
  MoveTo(State::kClosed);
  loop().Cancel(timer_);
  Close();
  books_.CountClosed(reason);
  books_.states[static_cast<std::size_t>(visible_)].fetch_sub(1, std::memory_order_relaxed);
  books_.held_bytes -= held_;
  AbandonAll();
  owner_.OnClosed(*this);
}

void Session::AbandonAll() {
  const SteadyTime now = loop().ReadClock();
  for (const Unsent& unsent : unsent_) {
    if (unsent.note == kNoNote) continue;
    owner_.OnSent(unsent.note, std::min(unsent.first_write, now), now, false);
  }
  unsent_.clear();
  for (std::size_t i = 0; i < exchanges_.size(); ++i) {
    const Exchange& exchange = exchanges_[i];
    if (exchange.note == kNoNote) continue;
    if (exchange.is_answered) {
      owner_.OnSent(exchange.note, exchange.answered_at, now, false);
    } else {
      owner_.OnAbandoned(exchange.note);
    }
  }
  first_exchange_ += exchanges_.size();
  exchanges_.clear();
}

ConnectionState Session::Visible() const {
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
  const std::size_t unsent = static_cast<std::size_t>(queued_bytes() - sent_bytes());
  const std::size_t now = parser_.partial().body.size() + input_.size() + unsent;
  books_.held_bytes += now - held_;  // may wrap around on the way, and comes out right
  held_ = now;
}

SteadyTime Session::NextTimeout() const {
  const SessionTimeouts& timeouts = options_.timeouts;
  if (state_ == State::kLingering) return last_progress_ + timeouts.linger;
  if (HasUnsent()) return last_progress_ + timeouts.write;
  if (!exchanges_.empty() || state_ != State::kReading) return SteadyTime::max();
  if (parser_.IsBetweenRequests()) return last_progress_ + timeouts.idle;
  if (parser_.state() == ParseState::kHead) return request_began_ + timeouts.head;
  return body_began_ + timeouts.body;
}

// A timer that is there already is left to fire and look again: moving it with every request would
// cost more.
void Session::ArmTimer() {
  const SteadyTime due = NextTimeout();
  if (due >= timer_at_) return;
  loop().Cancel(timer_);
  timer_at_ = due;
  timer_ = loop().RunAt(due, [this] {
    loop().AssertOnLoop();
    timer_at_ = SteadyTime::max();
    OnTimer();
  });
}

void Session::OnTimer() {
  if (NextTimeout() > loop().ReadClock()) {
    ArmTimer();
    return;
  }
  if (state_ == State::kLingering) {
    CloseNow(OrderlyEnd());
  } else if (HasUnsent()) {
    CloseNow(CloseReason::kWriteTimeout);
  } else if (parser_.IsBetweenRequests()) {
    CloseNow(CloseReason::kIdleTimeout);
  } else {
    const bool is_in_head = parser_.state() == ParseState::kHead;
    Refuse(is_in_head ? kSlowHead : kSlowBody,
           is_in_head ? CloseReason::kHeaderTimeout : CloseReason::kBodyTimeout);
    UpdateVisible();
  }
}

}  // namespace baton::http
