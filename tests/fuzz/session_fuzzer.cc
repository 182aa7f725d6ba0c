// A whole connection: whatever client and owner do, each request is taken as it was sent, answered
// or abandoned once, in order, and the connection ends with its books balanced.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/http/request_parser.h"
#include "server/http/session.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/session_script.h"
#include "tests/http/parse_outcome.h"

namespace baton::fuzz {
namespace {

using http::ParseState;
using http::RequestParser;
using testing_support::SessionHarness;

// What the client has asked, read off its bytes one after the other.
struct Asked {
  struct Request {
    std::string text;
    std::string head_text;  // with its body forgotten
    bool keep_alive;
    bool is_head;
    bool expects_continue;
  };
  std::vector<Request> requests;  // up to the first that ends the connection
  std::optional<Request> begun;   // behind them: its head is whole, its body is not or is refused
  bool is_refused = false;
  std::string_view reason;

  const Request* At(std::size_t index) const {
    if (index < requests.size()) return &requests[index];
    return index == requests.size() && begun ? &*begun : nullptr;
  }
};

Asked::Request Describe(const http::Request& request) {
  std::string text = http::AsText(request);
  std::string head_text = text;
  if (request.has_body) {
    head_text.erase(head_text.find(" body=") + std::string_view(" body=").size(),
                    request.body.size());
  }
  return {std::move(text), std::move(head_text), request.keep_alive,
          request.method == http::Method::kHead, request.Header("Expect").has_value()};
}

Asked ReadAsked(std::string_view bytes, const http::Limits& limits) {
  Asked asked;
  RequestParser parser(limits);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const ParseState state = parser.Feed(bytes.substr(i, 1)).state;
    if (state == ParseState::kRefused) {
      asked.is_refused = true;
      asked.reason = parser.refusal().reason;
      break;
    }
    if (state == ParseState::kBody && !asked.begun) asked.begun = Describe(parser.partial());
    if (state != ParseState::kComplete) continue;
    asked.begun.reset();
    asked.requests.push_back(Describe(parser.request()));
    if (!asked.requests.back().keep_alive) break;
    parser.Next();
  }
  return asked;
}

bool IsOfParser(std::string_view reason) {
  const auto reasons = http::AllRefusalReasons();
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

void CheckTaken(SessionScript& script, const Asked& asked) {
  SessionHarness& harness = script.harness();
  const auto& taken = harness.taken();
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Asked::Request* sent = asked.At(i);
    Require(sent != nullptr, "no request is taken that was not sent");
    const std::string text = http::AsText(taken[i].request);
    const bool lacks_body = script.may_lack_bodies() && text == sent->head_text;
    if (!lacks_body) RequireEqual(text, sent->text, "a request as sent");
    Require(lacks_body || i < asked.requests.size(), "a request with its body");
    Require(taken[i].request.arrival <= taken[i].request.complete_at, "it arrives, then is whole");
  }
  const auto& refusals = harness.refusals();
  Require(refusals.size() <= 1, "a connection is refused once");
  if (refusals.empty() || !IsOfParser(refusals.front().reason)) return;
  Require(asked.is_refused && taken.size() == asked.requests.size(),
          "what was refused is no request");
  RequireEqual(refusals.front().reason, asked.reason, "the reason of a refusal");
}

// The answers as a client reads them, off the front of what it has received.
class AnswerReader {
 public:
  explicit AnswerReader(std::string_view bytes) : rest_(bytes) {}

  // Interim answers that came before the next one.
  std::size_t TakeContinues() {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    std::size_t count = 0;
    for (; rest_.starts_with(kContinue); ++count) rest_.remove_prefix(kContinue.size());
    return count;
  }
  // False when no more is there, or not all of it.
  bool TakeAnswer(bool is_head) {
    const std::size_t end = rest_.find("\r\n\r\n");
    if (end == rest_.npos) return false;
    head_ = rest_.substr(0, end + 2);
    Require(head_.starts_with("HTTP/1.1 "), "an answer has a status line", head_);
    const std::size_t length = head_.find("\r\nContent-Length: ");
    Require(length != head_.npos, "an answer has a length", head_);
    const std::size_t size = is_head ? 0 : std::stoul(std::string(head_.substr(length + 18)));
    if (rest_.size() < end + 4 + size) return false;
    body_ = rest_.substr(end + 4, size);
    rest_.remove_prefix(end + 4 + size);
    return true;
  }
  int status() const { return std::stoi(std::string(head_.substr(9, 3))); }
  bool says_close() const { return head_.find("\r\nConnection: close\r\n") != head_.npos; }
  std::string_view body() const { return body_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  std::string_view head_;
  std::string_view body_;
};

// Returns how many whole answers to requests the client has read.
std::size_t CheckReceived(SessionScript& script, const Asked& asked) {
  AnswerReader reader(script.received());
  const auto& taken = script.harness().taken();
  std::size_t count = 0;
  for (; count < taken.size(); ++count) {
    const Asked::Request& request = *asked.At(count);
    const std::size_t continues = reader.TakeContinues();
    Require(continues <= (request.expects_continue ? 1 : 0), "100 once, and only where asked");
    if (!reader.TakeAnswer(request.is_head)) return count;
    RequireEqual(reader.status(), 200, "the status of an answer");
    const std::string* answer = script.AnswerTo(count);
    Require(answer != nullptr, "no answer that the owner did not give");
    RequireEqual(std::string(reader.body()), request.is_head ? "" : *answer, "answers in order");
    Require(request.keep_alive || reader.says_close(), "the last answer says so");
    if (!reader.says_close()) continue;
    Require(reader.rest().empty(), "nothing comes behind the last answer", reader.rest());
    return count + 1;
  }
  Require(reader.TakeContinues() <= 1, "100 once");
  const auto& refusals = script.harness().refusals();
  if (refusals.empty()) {
    Require(reader.rest().empty(), "one answer a request", reader.rest());
  } else if (reader.TakeAnswer(/*is_head=*/true)) {  // the owner refuses without a body
    RequireEqual(reader.status(), refusals.front().status, "the status of a refusal");
    Require(reader.says_close() && reader.rest().empty(), "a refusal is the end", reader.rest());
  }
  return count;
}

void CheckBooks(SessionScript& script, std::size_t answers_read) {
  SessionHarness& harness = script.harness();
  std::vector<int> ends(harness.taken().size(), 0);
  std::size_t whole = 0;
  for (const SessionHarness::Sent& sent : harness.sent()) {
    ++ends.at(sent.note);
    Require(script.AnswerTo(sent.note) != nullptr, "what was sent was answered");
    Require(sent.first_write <= sent.done, "a write begins before it ends");
    if (!sent.is_whole) continue;
    RequireEqual<std::size_t>(sent.note, whole++, "answers are sent in order");
  }
  for (const http::AnswerNote note : harness.abandoned()) {
    ++ends.at(note);
    Require(script.AnswerTo(note) == nullptr, "what was abandoned was not answered");
  }
  for (const int count : ends) RequireEqual(count, 1, "each request ends once");
  if (!script.has_hung_up()) RequireEqual(answers_read, whole, "what was sent has been read");
  RequireEqual<std::int64_t>(harness.GaugeSum(), 0, "no connection is left");
  RequireEqual<std::size_t>(harness.held_bytes(), 0, "no bytes are held");
  double closed = 0;
  for (std::size_t i = 0; i < http::kCloseReasons; ++i) {
    closed += harness.Closed(static_cast<http::CloseReason>(i));
  }
  RequireEqual(closed, 1.0, "a connection is closed once");
}

// Nothing is stuck: who may go on and waits for nobody has been served.
void CheckSettled(SessionScript& script, const Asked& asked) {
  SessionHarness& harness = script.harness();
  if (harness.IsClosed() || harness.session().state() != http::Session::State::kReading) return;
  Require(harness.taken().size() >= asked.requests.size(), "all that was sent is taken");
  Require(!asked.is_refused, "what is no request is refused", asked.reason);
}

void Check(std::string_view text, http::HalfClose half_close) {
  SessionScript script(half_close);
  script.Play(text);
  script.Settle();
  const Asked asked = ReadAsked(script.sent(), SessionScript::OptionsFor(half_close).limits);
  CheckSettled(script, asked);
  script.LetTimePass();
  Require(script.harness().IsClosed(), "no connection outlives all of its clocks");
  CheckTaken(script, asked);
  CheckBooks(script, CheckReceived(script, asked));
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view script = baton::fuzz::AsText(data, size);
  baton::fuzz::Check(script, baton::http::HalfClose::kAnswer);
  // What a client means that ends its input differs only where one does.
  const bool ends_input = script.find("~h") != script.npos;
  if (ends_input) baton::fuzz::Check(script, baton::http::HalfClose::kAbandon);
  return 0;
}
