// A session over a socket pair, its owner in the hands of the test, and the peer at the other end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/http/session.h"
#include "tests/support/loop_harness.h"
#include "tests/support/sockets.h"

namespace baton::testing_support {

// Threads: the test's, which is the loop's.
class SessionHarness final : public http::SessionOwner {
 public:
  struct Taken {
    http::ExchangeId exchange;
    http::Request request;
  };
  struct Sent {
    http::AnswerNote note;
    SteadyTime first_write;
    SteadyTime done;
    bool is_whole;
  };

  // `send_bytes` as in LocalPair.
  explicit SessionHarness(const http::Session::Options& session_options = {}, int send_bytes = 0)
      : SessionHarness(session_options, LocalPair(send_bytes)) {}
  SessionHarness(const http::Session::Options& session_options, SocketPair pair)
      : options_(session_options), peer_(std::move(pair.peer)) {
    books_.children = &metrics_;
    books_.shard = registry_.TakeShard();
    loop_.Turn();
    http::SessionOwner& owner = *this;
    session_ = std::make_unique<http::Session>(
        loop_.loop(), std::move(pair.ours), http::ConnectionId{1}, options_, books_, date_, owner);
    loop_.loop().AssertOnLoop();
    EXPECT_TRUE(session_->Start());
  }
  ~SessionHarness() override {
    if (session_) Close(http::CloseReason::kError);
    loop_.Turn();
  }

  // The peer.
  void Send(std::string_view bytes) {
    SendAll(peer_, bytes);
    loop_.Turn();
  }
  // What has come, after a turn.
  std::string Read(std::size_t at_most = SIZE_MAX) {
    loop_.Turn();
    return ReceiveNow(peer_, at_most);
  }
  void HalfClose() {
    shutdown(peer_.get(), SHUT_WR);
    loop_.Turn();
  }
  void HangUp() {
    peer_.Reset();
    loop_.Turn();
  }
  UniqueFd& peer() { return peer_; }
  bool PeerIsAtEnd() const { return IsAtEnd(peer_); }

  // The owner. `exchange` counts from 0.
  void Answer(std::uint64_t exchange, std::string body) {
    loop_.loop().AssertOnLoop();
    http::Response response;
    response.body = std::move(body);
    session_->Answer(http::ExchangeId{exchange}, std::move(response));
  }
  void Attach(std::uint64_t exchange, http::AnswerNote note) {
    session_->Attach(http::ExchangeId{exchange}, note);
  }
  void LetGo() {
    loop_.loop().AssertOnLoop();
    session_->CloseWhenAnswered();
  }
  void BeginDrain() {
    loop_.loop().AssertOnLoop();
    session_->BeginDrain();
  }
  void Close(http::CloseReason reason) {
    loop_.loop().AssertOnLoop();
    session_->CloseNow(reason);
  }
  // Answers every request at once, with its path.
  void EchoPaths() {
    on_request_ = [this](const Taken& taken) {
      Answer(static_cast<std::uint64_t>(taken.exchange), taken.request.path);
    };
  }

  // Called inside the session's own call, with every request as it is taken.
  void OnEachRequest(std::function<void(const Taken&)> call) { on_request_ = std::move(call); }

  // What is said of every head from now on.
  void SetVerdict(const http::HeadVerdict& verdict) { verdict_ = verdict; }

  void TakePipelined(bool takes) { books_.takes_pipelined = takes; }

  // What happened so far.
  std::size_t heads() const { return heads_; }
  const std::vector<Taken>& taken() const { return taken_; }
  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const Taken& taken : taken_) paths.push_back(taken.request.path);
    return paths;
  }
  const std::vector<http::Refusal>& refusals() const { return refusals_; }
  const std::vector<http::AnswerNote>& abandoned() const { return abandoned_; }
  const std::vector<Sent>& sent() const { return sent_; }
  bool IsClosed() const { return session_ == nullptr; }

  // Requires: not closed.
  http::Session& session() { return *session_; }
  LoopHarness& loop() { return loop_; }
  std::int64_t Gauge(http::ConnectionState state) const {
    return books_.states[static_cast<std::size_t>(state)];
  }
  std::size_t held_bytes() const { return books_.held_bytes; }
  std::int64_t GaugeSum() const {
    std::int64_t sum = 0;
    for (const auto& state : books_.states) sum += state;
    return sum;
  }
  double Count(metrics::Counter counter) const { return registry_.Value(counter); }
  double Closed(http::CloseReason reason) const {
    return Count(metrics_.closed[static_cast<std::size_t>(reason)]);
  }
  double Paused(http::PauseReason reason) const {
    return Count(metrics_.reading_paused[static_cast<std::size_t>(reason)]);
  }
  const http::ListenerMetrics& metrics() const { return metrics_; }

 private:
  http::HeadVerdict OnHead(http::Session& /*session*/, const http::Request& /*head*/) override {
    ++heads_;
    return verdict_;
  }
  void OnRequest(http::Session& /*session*/, http::ExchangeId exchange,
                 http::Request&& request) override {
    taken_.push_back({exchange, std::move(request)});
    if (on_request_) on_request_(taken_.back());
  }
  void OnRefusal(http::Session& session, http::ExchangeId exchange, const http::Refusal& refusal,
                 const http::Request& /*partial*/) override {
    refusals_.push_back(refusal);
    loop_.loop().AssertOnLoop();
    http::Response response;
    response.status = refusal.status;
    session.Answer(exchange, std::move(response));
  }
  void OnAbandoned(http::AnswerNote note) override { abandoned_.push_back(note); }
  void OnSent(http::AnswerNote note, SteadyTime first_write, SteadyTime done,
              bool is_whole) override {
    sent_.push_back({note, first_write, done, is_whole});
  }
  void OnClosed(http::Session& session) override {
    EXPECT_EQ(&session, session_.get());
    loop_.Retire(std::move(session_));
  }

  const http::Session::Options options_;
  LoopHarness loop_;
  metrics::Registry registry_;
  http::ListenerMetrics metrics_ =
      http::ListenerMetrics::Make(registry_, "http", http::MakeParseErrorCounters(registry_));
  http::ListenerShard books_;
  http::DateCache date_;
  UniqueFd peer_;
  std::unique_ptr<http::Session> session_;
  std::function<void(const Taken&)> on_request_;
  http::HeadVerdict verdict_;
  std::size_t heads_ = 0;
  std::vector<Taken> taken_;
  std::vector<http::Refusal> refusals_;
  std::vector<http::AnswerNote> abandoned_;
  std::vector<Sent> sent_;
};

// A request as a client writes it. `more` are header lines, each with its CRLF.
inline std::string Get(const std::string& path, const std::string& more = "",
                       const std::string& version = "HTTP/1.1") {
  return "GET " + path + " " + version + "\r\nHost: baton\r\n" + more + "\r\n";
}

struct SeenAnswer {
  int status = 0;
  std::string head;
  std::string body;

  bool SaysClose() const { return head.find("Connection: close\r\n") != std::string::npos; }
};

// The answers in `bytes`, by their Content-Length; an incomplete one at the end has status -1.
inline std::vector<SeenAnswer> ParseAnswers(std::string_view bytes) {
  std::vector<SeenAnswer> answers;
  while (!bytes.empty()) {
    SeenAnswer& answer = answers.emplace_back();
    answer.status = -1;
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    answer.head = bytes.substr(0, end + 2);
    bytes.remove_prefix(end + 4);
    std::size_t size = 0;
    const std::size_t field = answer.head.find("Content-Length: ");
    if (field != std::string::npos) size = std::stoul(answer.head.substr(field + 16));
    if (bytes.size() < size) break;
    answer.body = bytes.substr(0, size);
    bytes.remove_prefix(size);
    answer.status = std::stoi(answer.head.substr(9, 3));
  }
  return answers;
}

inline std::vector<std::string> Bodies(std::string_view bytes) {
  std::vector<std::string> bodies;
  for (SeenAnswer& answer : ParseAnswers(bytes)) bodies.push_back(std::move(answer.body));
  return bodies;
}

}  // namespace baton::testing_support
