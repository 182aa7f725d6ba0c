// The session's answers that have no end yet.
#include "server/base/check.h"
#include "server/http/session.h"

namespace baton::http {

void Session::BeginStream(ExchangeId id, const Response& head) {
  Exchange& exchange = Unanswered(id);
  BATON_CHECK(MayStream(id) && exchanges_.size() == 1 && !is_streaming_);
  handed_over_bytes_ -= exchange.bytes;
  exchange.bytes = 0;
  is_streaming_ = true;
  if (state_ == State::kReading) MoveTo(State::kFinishing);
  BeginWriting();
  WriteOptions how;
  how.date = date_.At(std::time(nullptr));
  how.close = true;
  how.version_minor = exchange.version_minor;
  how.head_only = exchange.head_only;
  how.has_length = false;
  AppendResponse(output(), head, how);
  FlushAtEndOfTurn();
}

void Session::Stream(std::string_view part) {
  BATON_CHECK(is_streaming_);
  BeginWriting();
  output() += part;
  FlushAtEndOfTurn();
}

void Session::EndStream() {
  BATON_CHECK(is_streaming_);
  is_streaming_ = false;
  exchanges_.pop_front();
  ++first_exchange_;
  FlushAtEndOfTurn();  // which goes on to the goodbye
}

}  // namespace baton::http
