// The session's reading: bytes into requests, and when it pauses.
#include <algorithm>
#include <utility>

#include "server/http/session.h"

namespace baton::http {
namespace {

constexpr Refusal kTooMuchHeld = {503, "too_much_held",
                                  "the server holds as many unfinished requests as it may"};

}  // namespace

bool Session::HasTooManyPending() const {
  if (!takes_more_ && parser_.IsBetweenRequests()) return true;
  return exchanges_.size() >= (books_.takes_pipelined ? options_.limits.pipelined_requests : 1);
}

bool Session::MayRead() const {
  const std::size_t unsent = queued_bytes() - sent_bytes() + waiting_bytes_;
  return state_ == State::kReading && !HasTooManyPending() &&
         unsent + handed_over_bytes_ <= options_.output_high_bytes;
}

void Session::CountPause() const {
  books_.CountPause(HasTooManyPending() ? PauseReason::kPipelined : PauseReason::kUnsent);
}

bool Session::TakesBytes() const {
  if (state_ == State::kLingering || MayRead()) return true;
  if (state_ == State::kReading) CountPause();
  return false;
}

// Room counts as held before its bytes come: there is none where that could matter.
std::span<char> Session::RoomForBytes() {
  constexpr std::size_t kShareOfHeld = 4;
  const bool is_little_held = books_.held_bytes <= options_.held_bytes / kShareOfHeld;
  return state_ == State::kReading && is_little_held ? parser_.BodyRoom() : std::span<char>();
}

void Session::OnBytes(std::string_view bytes) {
  books_.shard->Add(books_.children->received_bytes, static_cast<double>(bytes.size()));
  received_bytes_ += bytes.size();
  if (state_ == State::kReading) {
    TakeBytes(bytes);
  } else if (state_ == State::kFinishing) {
    PauseReading();  // the rest waits in the kernel until the answer has left
  }  // kLingering: read and forgotten, so that the peer gets an orderly end instead of a reset
  FinishIfDone();
  if (state_ == State::kClosed) return;
  UpdateVisible();
  UpdateHeld();
  ArmTimer();
}

void Session::TakeBytes(std::string_view bytes) {
  const SteadyTime readable_since = loop().ReadableSince();
  if (!parser_.IsBetweenRequests()) {
    if (HoldsTooMuch()) {
      Refuse(kTooMuchHeld, CloseReason::kLimit);
      return;
    }
  } else if (exchanges_.empty()) {
    // Not before the answer that this client waited for, nor before it was let in.
    request_began_ = std::max(readable_since, last_progress_);
  } else {
    request_began_ = readable_since;
  }
  const std::size_t taken = Parse(bytes, readable_since);
  if (state_ != State::kReading || taken == bytes.size()) return;
  input_.assign(bytes.substr(taken));
  input_arrival_ = readable_since;
  CountPause();
  PauseReading();
}

bool Session::HoldsTooMuch() const {
  return !forgets_body_ && held_ > options_.held_free_bytes &&
         books_.held_bytes > options_.held_bytes;
}

// Returns how many bytes were used. Stops early when enough requests are pending.
std::size_t Session::Parse(std::string_view bytes, SteadyTime readable_since) {
  std::size_t used = 0;
  while (used < bytes.size() && MayRead()) {
    const bool was_in_head = parser_.state() == ParseState::kHead;
    const RequestParser::Progress progress = parser_.Feed(bytes.substr(used));
    used += progress.consumed;
    if (progress.state == ParseState::kComplete) {
      EndRequest(readable_since);
    } else if (progress.state == ParseState::kRefused) {
      RefuseUnreadable();
    } else if (was_in_head && progress.state == ParseState::kBody) {
      body_bytes_ = progress.body_bytes;
      BeginBody(readable_since);
    } else {
      body_bytes_ += progress.body_bytes;
    }
    if (parser_.state() != ParseState::kRefused && parser_.TakeExpectContinue()) {
      continue_is_due_ = true;
      SendContinueWhenDue();
    }
  }
  return used;
}

void Session::BeginBody(SteadyTime readable_since) {
  body_began_ = loop().Now();
  const HeadVerdict verdict = owner_.OnHead(*this, parser_.partial());
  complete_by_ = verdict.complete_by;
  if (verdict.needs_body) return;
  const std::size_t at_most = options_.limits.forgotten_bytes;
  // Who waits for leave may send the body all the same, or the next request (RFC 9110, 10.1.1).
  const bool is_last = parser_.TakeExpectContinue() || parser_.BodyBytesLeft() > at_most;
  Request request = parser_.TakeHead(at_most);
  forgets_body_ = true;
  HandOver(std::move(request), is_last || !request.keep_alive, readable_since);
}

void Session::EndRequest(SteadyTime readable_since) {
  if (forgets_body_) {
    forgets_body_ = false;
    last_progress_ = loop().Now();
    parser_.Next();
  } else {
    Request& request = parser_.request();
    HandOver(std::move(request), !request.keep_alive, readable_since);
    parser_.Next();
  }
  request_began_ = readable_since;  // of a next one in the same bytes
}

void Session::HandOver(Request&& request, bool is_last, SteadyTime readable_since) {
  request.arrival = request_began_;
  request.complete_at = std::max(request_began_, readable_since);
  continue_is_due_ = false;
  ++requests_;
  Exchange exchange;
  exchange.close = is_last;
  exchange.head_only = request.method == Method::kHead;
  exchange.version_minor = request.version_minor;
  exchange.bytes = request.body.size();
  handed_over_bytes_ += exchange.bytes;
  const ExchangeId id{first_exchange_ + exchanges_.size()};
  exchanges_.push_back(std::move(exchange));
  if (is_last) MoveTo(State::kFinishing);
  owner_.OnRequest(*this, id, std::move(request));
}

void Session::RefuseUnreadable() {
  const Refusal& refusal = parser_.refusal();
  if (forgets_body_ && refusal.status == 413) {
    StopForgetting(CloseReason::kLimit);
    return;
  }
  books_.CountParseError(refusal.reason);
  if (forgets_body_) {
    StopForgetting(CloseReason::kProtocolError);
  } else {
    Refuse(refusal, CloseReason::kProtocolError);
  }
}

// Its request has its answer already, so nobody is told; the connection ends behind that.
void Session::StopForgetting(CloseReason reason) {
  refused_for_ = reason;
  last_progress_ = loop().Now();
  MoveTo(State::kFinishing);
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

void Session::ResumeAfterAnswer() {
  if (!takes_more_ && exchanges_.empty() && !HasUnsent()) {
    takes_more_ = true;
    input_arrival_ =
        std::max(input_arrival_, last_progress_);  // nor could it have been read before
  }
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

}  // namespace baton::http
