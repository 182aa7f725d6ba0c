// Playing of scripts, with a client that survives whatever the server does to it.
#include "tests/fuzz/session_script.h"

#include "tests/fuzz/fuzzer.h"

namespace baton::fuzz {
namespace {

using testing_support::SessionHarness;

constexpr std::size_t kLongAnswerBytes = 20'000;  // more than both sockets' buffers hold together
constexpr std::size_t kShortRead = 100;
constexpr int kSmallestBuffer = 1;

http::Session::Options MakeOptions(http::HalfClose half_close) {
  http::Session::Options options;
  options.limits.body_bytes = 3000;
  options.limits.pipelined_requests = 4;
  options.limits.forgotten_bytes = 500;
  options.output_high_bytes = 8000;
  options.held_bytes = 2000;
  options.held_free_bytes = 1000;
  options.half_close = half_close;
  return options;
}

}  // namespace

const http::Session::Options& SessionScript::OptionsFor(http::HalfClose half_close) {
  static const http::Session::Options answering = MakeOptions(http::HalfClose::kAnswer);
  static const http::Session::Options abandoning = MakeOptions(http::HalfClose::kAbandon);
  return half_close == http::HalfClose::kAnswer ? answering : abandoning;
}

SessionScript::SessionScript(http::HalfClose half_close)
    : harness_(OptionsFor(half_close), kSmallestBuffer) {
  harness_.OnEachRequest([this](const SessionHarness::Taken& taken) {
    const auto id = static_cast<std::size_t>(taken.exchange);
    RequireEqual(id, answers_.size(), "exchanges are counted");
    answers_.emplace_back();
    harness_.Attach(id, static_cast<http::AnswerNote>(id));
    if (answers_at_once_) Answer(id);
  });
}

void SessionScript::Play(std::string_view script) {
  for (std::size_t i = 0; i < script.size(); ++i) {
    if (script[i] != '~') {
      unsaid_ += script[i];
    } else if (++i < script.size()) {
      Do(script[i]);
    }
  }
}

void SessionScript::Do(char what) {
  switch (what) {
    case '~': unsaid_ += '~'; return;
    case '.': return Send();
    case 'r': return Read(SIZE_MAX);
    case 'k': return Read(kShortRead);
    case 'a': return AnswerOldest();
    case 'b': return AnswerOldest(kLongAnswerBytes);
    case 'z': return AnswerNewest();
    case 'i': answers_at_once_ = true; return;
    case 'p': return harness_.TakePipelined(takes_pipelined_ = !takes_pipelined_);
    case 'n':
      verdict_.needs_body = !verdict_.needs_body;
      may_lack_bodies_ = true;
      return harness_.SetVerdict(verdict_);
    case 'c':
      verdict_.complete_by = harness_.loop().clock().Now() + 3s;
      may_lack_bodies_ = true;
      return harness_.SetVerdict(verdict_);
    case 't': return harness_.loop().Advance(1s);
    case 'T': return harness_.loop().Advance(30s);
    case 'd':
      if (!harness_.IsClosed()) harness_.BeginDrain();
      return;
    case 'h':
      Send();
      if (!has_hung_up_) harness_.HalfClose();
      return;
    case 'x':
      Send();
      has_hung_up_ = true;
      return harness_.HangUp();
    default: return;
  }
}

void SessionScript::Send() {
  if (!has_hung_up_ && !unsaid_.empty()) {
    const ssize_t taken =
        send(harness_.peer().get(), unsaid_.data(), unsaid_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken > 0) sent_.append(unsaid_, 0, static_cast<std::size_t>(taken));
  }
  unsaid_.clear();
  harness_.loop().Turn();
}

void SessionScript::Read(std::size_t at_most) {
  if (!has_hung_up_) received_ += harness_.Read(at_most);
}

const std::string* SessionScript::AnswerTo(std::size_t id) const {
  return id < answers_.size() && !answers_[id].empty() ? &answers_[id] : nullptr;
}

void SessionScript::Answer(std::size_t id, std::size_t body_bytes) {
  answers_[id] = std::to_string(id) + ":" + std::string(body_bytes, 'x');
  harness_.Answer(id, answers_[id]);
}

void SessionScript::AnswerOldest(std::size_t body_bytes) {
  for (std::size_t id = 0; id < answers_.size() && !harness_.IsClosed(); ++id) {
    if (answers_[id].empty()) return Answer(id, body_bytes);
  }
}

void SessionScript::AnswerNewest() {
  for (std::size_t id = answers_.size(); id-- > 0 && !harness_.IsClosed();) {
    if (answers_[id].empty()) return Answer(id);
  }
}

bool SessionScript::AnswerAll() {
  bool has_answered = false;
  for (std::size_t id = 0; id < answers_.size() && !harness_.IsClosed(); ++id) {
    if (!answers_[id].empty()) continue;
    Answer(id);
    has_answered = true;
  }
  return has_answered;
}

void SessionScript::Settle() {
  harness_.TakePipelined(true);
  Send();
  for (bool goes_on = true; goes_on;) {
    const std::size_t read_before = received_.size();
    const std::size_t taken_before = answers_.size();
    goes_on = AnswerAll();
    Read(SIZE_MAX);
    harness_.loop().Turns(2);
    goes_on = goes_on || received_.size() > read_before || answers_.size() > taken_before;
  }
}

void SessionScript::LetTimePass() {
  constexpr int kClocks = 5;  // of a session; one may have to run out after the other
  for (int i = 0; i < kClocks && !harness_.IsClosed(); ++i) {
    harness_.loop().Advance(100s);
    Settle();
  }
}

}  // namespace baton::fuzz
