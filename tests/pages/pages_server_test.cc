// The pages over sockets, with a mirror in the hands of the test.
#include "server/pages/pages_server.h"

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
  http::Response Refused(int status, std::string_view message) const override {
    http::Response response;
    response.status = status;
    response.body = "mirrored: " + std::string(message);
    return response;
  }

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
  mutable Mutex mutex_;
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
                                           nullptr, &mirror_);
    pages_->Start();
  }

  UniqueFd Ask(std::string_view line, std::string_view more = "") {
    UniqueFd client = Connect(port_);
    SendAll(client, std::string(line) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n");
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
  std::string Get(std::string_view path) { return Read(Ask("GET " + std::string(path))); }

  SystemClock clock_;
  metrics::Registry registry_;
  http::ListenerMetrics metrics_;
  FakeMirror mirror_;
  std::uint16_t port_ = 0;
  std::unique_ptr<PagesServer> pages_;
};

TEST_F(PagesServerTest, EveryAnswerHasTheSecurityHeaders) {
  for (const char* path : {"/", "/metrics", "/nothing", "/%zz"}) {
    EXPECT_THAT(Get(path), AllOf(HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                                 HasSubstr("Content-Security-Policy: default-src 'none'; ")))
        << path;
  }
  EXPECT_THAT(Get("/"), AllOf(HasSubstr("script-src 'self'"), HasSubstr("/admin/v1")));
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

}  // namespace
}  // namespace baton::pages
