// The pages over sockets, with a mirror in the hands of the test.
#include "server/pages/pages_server.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "server/base/mutex.h"
#include "tests/support/sockets.h"
#include "tests/support/wait_until.h"

namespace baton::pages {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing_support::Connect;
using testing_support::ReceiveNow;
using testing_support::Reset;
using testing_support::SendAll;
using testing_support::WaitUntil;

// Takes /admin, and answers when it is told to.
class FakeMirror final : public Mirror {
 public:
  bool Takes(std::string_view path) const override { return path.starts_with("/admin"); }
  void Answer(const http::Request& request, const std::string& from, Reply reply) override {
    MutexLock lock(mutex_);
    asked_.push_back(request.path + " of " + from.substr(0, from.rfind(':')));
    replies_.push_back(std::move(reply));
  }
  bool Streams(const http::Request& request) const override {
    return request.path == "/admin/lines";
  }
  tl::expected<std::unique_ptr<LineFeed>, http::Response> Open(
      http::Request&& /*request*/, const std::string& /*from*/, bool is_full,
      std::function<void()> tell) override {
    if (is_full) return tl::unexpected<http::Response>(Refused(503, "full"));
    MutexLock lock(mutex_);
    tell_ = std::move(tell);
    ++open_;
    return std::make_unique<Lines>(*this);
  }
  // What feeds give from now on, to whoever asks first; the end is behind them.
  void Give(std::vector<std::string> lines, bool is_at_end = false) {
    GiveUntold(std::move(lines), is_at_end)();
  }
  // Returns what tells of them.
  std::function<void()> GiveUntold(std::vector<std::string> lines, bool is_at_end = false) {
    MutexLock lock(mutex_);
    for (std::string& line : lines) lines_.push_back(std::move(line));
    is_at_end_ = is_at_end;
    return tell_;
  }
  int open_feeds() const {
    MutexLock lock(mutex_);
    return open_;
  }
  std::size_t ungiven() const {
    MutexLock lock(mutex_);
    return lines_.size();
  }
  http::Response Refused(int status, std::string_view message) const override {
    http::Response response;
    response.status = status;
    response.body = "mirrored: " + std::string(message);
    return response;
  }

  bool MayLook(const http::Request& /*request*/) const override { return may_look_; }
  void LetLook(bool may) { may_look_ = may; }

  std::vector<std::string> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }
  Reply TakeReply(std::size_t index) {
    WaitUntil([&] { return asked().size() > index; });
    MutexLock lock(mutex_);
    return replies_[index];
  }

 private:
  class Lines final : public LineFeed {
   public:
    explicit Lines(FakeMirror& mirror) : mirror_(mirror) {}
    ~Lines() override {
      MutexLock lock(mirror_.mutex_);
      --mirror_.open_;
    }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    std::string Next() override {
      MutexLock lock(mirror_.mutex_);
      if (mirror_.lines_.empty()) return "";
      std::string line = std::move(mirror_.lines_.front());
      mirror_.lines_.pop_front();
      return line;
    }
    void LookAtCaller() override {}
    bool HasEnded() const override {
      MutexLock lock(mirror_.mutex_);
      return mirror_.lines_.empty() && mirror_.is_at_end_;
    }

   private:
    FakeMirror& mirror_;
  };

  mutable Mutex mutex_;
  std::function<void()> tell_ BATON_GUARDED_BY(mutex_);
  std::deque<std::string> lines_ BATON_GUARDED_BY(mutex_);
  bool is_at_end_ BATON_GUARDED_BY(mutex_) = false;
  int open_ BATON_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> may_look_{true};
  std::vector<std::string> asked_ BATON_GUARDED_BY(mutex_);
  std::vector<Reply> replies_ BATON_GUARDED_BY(mutex_);
};

http::Response Saying(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}

class PagesServerTest : public ::testing::Test {
 protected:
  PagesServerTest() {
    UniqueFd listening = testing_support::ListenAnywhere();
    port_ = net::LocalPort(listening.get());
    metrics_ =
        http::ListenerMetrics::Make(registry_, "pages", http::MakeParseErrorCounters(registry_));
    pages_ = std::make_unique<PagesServer>(std::move(listening), clock_, registry_, metrics_,
                                           nullptr, &mirror_, PagesServer::Options{Site{}, &feed_});
    pages_->Start();
  }

  UniqueFd Ask(std::string_view line, std::string_view more = "") {
    UniqueFd client = Connect(port_);
    SendAll(client,
            std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n");
    return client;
  }
  // The first answer, whole.
  static std::string Read(const UniqueFd& client) {
    std::string all;
    WaitUntil([&] {
      all += ReceiveNow(client);
      const std::size_t end = all.find("\r\n\r\n");
      const std::size_t length = all.find("Content-Length: ");
      if (end == all.npos || length == all.npos) return false;
      return all.size() >= end + 4 + std::stoul(all.substr(length + 16));
    });
    return all;
  }
  // The second that begins now.
  void Sample(std::uint64_t number, std::string endpoint = "tumour") {
    control::StatusSample sample;
    sample.number = number;
    sample.endpoints.emplace_back().name = std::move(endpoint);
    feed_.Publish(std::move(sample));
  }
  UniqueFd Watch(std::string_view more = "") {
    return Ask("GET /events", "Accept: text/event-stream\r\n" + std::string(more));
  }
  // What came so far once `wanted` is in it.
  static std::string ReadUntil(const UniqueFd& client, std::string_view wanted) {
    std::string all;
    WaitUntil([&] {
      all += ReceiveNow(client);
      return all.find(wanted) != all.npos;
    });
    return all;
  }
  std::string Get(std::string_view path) { return Read(Ask("GET " + std::string(path))); }

  SystemClock clock_;
  metrics::Registry registry_;
  http::ListenerMetrics metrics_;
  FakeMirror mirror_;
  control::StatusFeed feed_;
  std::uint16_t port_ = 0;
  std::unique_ptr<PagesServer> pages_;
};

TEST_F(PagesServerTest, EveryAnswerHasTheSecurityHeaders) {
  for (const char* path : {"/", "/metrics", "/live.js", "/nothing", "/%zz"}) {
    EXPECT_THAT(Get(path), AllOf(HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                                 HasSubstr("Content-Security-Policy: default-src 'none'; ")))
        << path;
  }
  EXPECT_THAT(Read(Ask("GET /", "Accept: text/html\r\n")),
              AllOf(HasSubstr("script-src 'self'"), HasSubstr("/admin/v1")));
  EXPECT_THAT(Get("/metrics"), Not(HasSubstr("script-src")));
}

TEST_F(PagesServerTest, TheMirrorAnswersFromAnotherThreadWhileScrapesGoOn) {
  const UniqueFd slow = Ask("GET /admin/slow");
  const Mirror::Reply reply = mirror_.TakeReply(0);
  EXPECT_EQ(mirror_.asked().front(), "/admin/slow of ipv4:127.0.0.1");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(ReceiveNow(slow), "");
  reply(Saying("late"));
  EXPECT_THAT(Read(slow), AllOf(HasSubstr("\r\n\r\nlate"), HasSubstr("nosniff")));
}

TEST_F(PagesServerTest, AnswersOfOneConnectionLeaveInOrder) {
  const UniqueFd client = Ask("GET /admin/first");
  SendAll(client, "GET /admin/second HTTP/1.1\r\nHost: x\r\n\r\n");
  const Mirror::Reply first = mirror_.TakeReply(0);
  mirror_.TakeReply(1)(Saying("second"));
  EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 200"));  // behind the reply
  EXPECT_EQ(ReceiveNow(client), "");
  first(Saying("first"));
  std::string all;
  WaitUntil([&] {
    all += ReceiveNow(client);
    return all.find("second") != all.npos;
  });
  EXPECT_LT(all.find("first"), all.find("second"));
}

TEST_F(PagesServerTest, AReplyToAClientThatHasLeftIsDropped) {
  UniqueFd client = Ask("GET /admin/slow");
  const Mirror::Reply reply = mirror_.TakeReply(0);
  Reset(client);
  WaitUntil([&] {
    double closed = 0;
    for (const metrics::Counter& reason : metrics_.closed) closed += registry_.Value(reason);
    return closed > 0;
  });
  reply(Saying("nobody reads this"));
  EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 200"));
}

TEST_F(PagesServerTest, AReplyThatOutlivesThePagesIsDropped) {
  const UniqueFd client = Ask("GET /admin/slow");
  const Mirror::Reply reply = mirror_.TakeReply(0);
  pages_.reset();
  reply(Saying("nobody is there"));
  WaitUntil([&] { return testing_support::IsAtEnd(client); });
}

TEST_F(PagesServerTest, WhatIsRefusedWhileItIsReadHasTheFormOfWhoTakesIt) {
  const std::string_view large = "Content-Length: 70000\r\n";
  EXPECT_THAT(Read(Ask("POST /admin/v1/pool", large)),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("\r\n\r\nmirrored: ")));
  EXPECT_THAT(Read(Ask("POST /metrics", large)),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("{\"error\":")));
}

TEST_F(PagesServerTest, BrowsersGetThePageAndProgramsAShortText) {
  Sample(1, "<tumour>");
  std::string page;
  WaitUntil([&] {  // the sample is on its way to the pages' thread
    page = Read(Ask("GET /", "Accept: text/html,*/*;q=0.8\r\n"));
    return page.find("&lt;tumour&gt;") != page.npos;
  });
  EXPECT_THAT(page, AllOf(HasSubstr("Content-Type: text/html; charset=utf-8\r\n"),
                          HasSubstr("script-src 'self'")));
  EXPECT_THAT(Read(Ask("GET /", "Accept: */*\r\n")),
              AllOf(HasSubstr("Content-Type: text/plain"), HasSubstr("\n/metrics ")));
  EXPECT_THAT(Get("/live.js"), HasSubstr("Content-Type: text/javascript"));
  EXPECT_THAT(Read(Ask("POST /live.js")), StartsWith("HTTP/1.1 405"));
}

TEST_F(PagesServerTest, AWatcherIsToldOfTheMinutesBeforeAndThenOfEachSecond) {
  Sample(1);
  Sample(2);
  const UniqueFd client = Watch();
  const std::string first = ReadUntil(client, "\"misses\":[]}\n\n");
  EXPECT_THAT(first, AllOf(HasSubstr("Content-Type: text/event-stream"),
                           HasSubstr("\r\n\r\nretry: 2000\n\nevent: history\ndata: "),
                           ContainsRegex("\nid: [0-9]+-2\nevent: sample\ndata: .\"number\":2,"),
                           Not(HasSubstr("Content-Length"))));
  Sample(3);
  EXPECT_THAT(ReadUntil(client, "\n\n"),
              ContainsRegex("^id: [0-9]+-3\nevent: sample\ndata: .\"number\":3,"));
}

TEST_F(PagesServerTest, AWatcherThatComesAgainIsToldWhatItMissed) {
  Sample(1);
  const UniqueFd first = Watch();
  const std::string seen = ReadUntil(first, "-1\nevent: sample\n");
  Sample(2);
  Sample(3);
  ReadUntil(first, "-3\nevent: sample\n");
  const std::size_t at = seen.find("\nid: ") + 5;
  const std::string run = seen.substr(at, seen.find('-', at) - at);
  const std::string again = ReadUntil(Watch("Last-Event-ID: " + run + "-2\r\n"), "event: sample");
  EXPECT_THAT(again, HasSubstr("data: {\"is_whole\":false,\"points\":[{\"number\":3,"));
  for (const char* const other : {"2", "17-2", "-2"}) {  // of another run, which counted for itself
    EXPECT_THAT(ReadUntil(Watch("Last-Event-ID: " + std::string(other) + "\r\n"), "event: sample"),
                HasSubstr("data: {\"is_whole\":true,\"points\":[{\"number\":1,"))
        << other;
  }
}

TEST_F(PagesServerTest, SingleRequestsAreForWhoMayLookAtTheAdminApi) {
  Sample(1);
  EXPECT_THAT(ReadUntil(Watch(), "\"misses\":"), HasSubstr("\"misses\":[]"));
  mirror_.LetLook(false);
  EXPECT_THAT(ReadUntil(Watch(), "\"misses\":null"), HasSubstr("event: sample"));
}

TEST_F(PagesServerTest, TheStreamOfOneWhoMayNoLongerLookEnds) {
  mirror_.LetLook(false);
  Sample(1);
  const UniqueFd figures = Watch();
  ReadUntil(figures, "\"misses\":null");
  mirror_.LetLook(true);
  const UniqueFd all = Watch();
  ReadUntil(all, "\"misses\":[]");
  mirror_.LetLook(false);
  Sample(2);
  std::string more;
  WaitUntil([&] {
    more += ReceiveNow(all);
    return testing_support::IsAtEnd(all);
  });
  EXPECT_THAT(more, Not(HasSubstr("event: sample")));
  ReadUntil(figures, "-2\nevent: sample\n");  // who was told no more than figures goes on
}

TEST_F(PagesServerTest, PagesOfOtherSitesDoNotWatch) {
  EXPECT_THAT(Read(Watch("Sec-Fetch-Site: cross-site\r\n")), StartsWith("HTTP/1.1 403"));
  const std::string text =
      Read(Ask("GET /", "Accept: text/html\r\nSec-Fetch-Site: cross-site\r\n"));
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200"));  // a link may lead here
}

TEST_F(PagesServerTest, SoManyMayWatchAndNoMore) {
  Sample(1);
  std::vector<UniqueFd> watchers;
  for (std::size_t i = 0; i < EventStream::kMostWatchers; ++i) {
    watchers.push_back(Watch());
    ReadUntil(watchers.back(), "-1\nevent: sample\n");
  }
  EXPECT_THAT(Read(Watch()), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 5\r\n")));
  Reset(watchers.front());
  std::string again;
  WaitUntil([&] {
    const UniqueFd client = Watch();
    again.clear();
    WaitUntil([&] {
      again += ReceiveNow(client);
      return again.find("\r\n\r\n") != again.npos;
    });
    return again.starts_with("HTTP/1.1 200");
  });
}

TEST_F(PagesServerTest, TheStreamEndsInOrderWithThePages) {
  Sample(1);
  const UniqueFd client = Watch();
  ReadUntil(client, "-1\nevent: sample\n");
  pages_->Stop();
  WaitUntil([&] {
    ReceiveNow(client);
    return testing_support::IsAtEnd(client);
  });
}

TEST_F(PagesServerTest, LinesOfTheMirrorComeWhenTheyAreThereAndThenTheEnd) {
  const UniqueFd client = Ask("GET /admin/lines");
  const std::string head = ReadUntil(client, "\r\n\r\n");
  EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("application/x-ndjson"),
                          HasSubstr("nosniff"), Not(HasSubstr("Content-Length"))));
  mirror_.Give({"{1}\n"});
  EXPECT_EQ(ReadUntil(client, "\n"), "{1}\n");
  mirror_.Give({"{2}\n", "{3}\n"}, true);
  EXPECT_EQ(ReadUntil(client, "{3}\n"), "{2}\n{3}\n");
  WaitUntil([&] {
    ReceiveNow(client);
    return testing_support::IsAtEnd(client);
  });
  EXPECT_EQ(mirror_.open_feeds(), 0);
}

// More than the sockets hold. That nothing is taken from the feed meanwhile: LineStreamsTest.
TEST_F(PagesServerTest, WhoReadsLateGetsEveryLine) {
  constexpr std::size_t kLines = 32;
  const UniqueFd client = Ask("GET /admin/lines");
  ReadUntil(client, "\r\n\r\n");
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kLines; ++i) {
    lines.push_back(std::string(1 << 20, static_cast<char>('a' + i)) + "\n");
  }
  mirror_.Give(lines, true);
  WaitUntil([&] { return mirror_.ungiven() < kLines; });
  std::string all;
  WaitUntil([&] {
    const std::string more = ReceiveNow(client);
    all += more;
    return more.empty() && testing_support::IsAtEnd(client);
  });
  std::string wanted;
  for (const std::string& line : lines) wanted += line;
  EXPECT_TRUE(all == wanted) << all.size() << " bytes of " << wanted.size();
}

TEST_F(PagesServerTest, WhatFeedsStillHaveIsSaidBeforeThePagesEnd) {
  const UniqueFd client = Ask("GET /admin/lines");
  ReadUntil(client, "\r\n\r\n");
  std::vector<std::string> lines(5, "{}\n");
  lines.emplace_back("{last}\n");
  mirror_.GiveUntold(lines);
  pages_->Stop();
  EXPECT_THAT(ReadUntil(client, "{last}\n"), StartsWith("{}\n{}\n"));
}

TEST_F(PagesServerTest, AFeedGoesWithAClientThatSaysNothingMore) {
  UniqueFd client = Ask("GET /admin/lines");
  ReadUntil(client, "\r\n\r\n");
  EXPECT_EQ(mirror_.open_feeds(), 1);
  client.Reset();
  WaitUntil([&] { return mirror_.open_feeds() == 0; });
}

TEST_F(PagesServerTest, SoManyStreamsAtOnceAndNoMore) {
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < kMostStreams; ++i) {
    clients.push_back(Ask("GET /admin/lines"));
    ReadUntil(clients.back(), "\r\n\r\n");
  }
  EXPECT_THAT(Read(Ask("GET /admin/lines")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("mirrored: full")));
  pages_->Stop();
  EXPECT_EQ(mirror_.open_feeds(), 0);
}

TEST_F(PagesServerTest, AStreamIsNotBegunBehindARequestThatWaits) {
  const UniqueFd client = Connect(port_);
  SendAll(client,
          "GET /admin/slow HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /admin/lines HTTP/1.1\r\nHost: x\r\n\r\n");
  mirror_.TakeReply(0)(Saying("slow"));
  EXPECT_THAT(ReadUntil(client, "before a stream"), HasSubstr("HTTP/1.1 400"));
  EXPECT_EQ(mirror_.open_feeds(), 0);
}

}  // namespace
}  // namespace baton::pages
