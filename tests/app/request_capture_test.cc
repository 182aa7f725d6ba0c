// What is kept of requests, through a conductor on a real socket and of calls over gRPC.
#include "server/app/request_capture.h"

#include <chrono>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/app/conductor_harness.h"

namespace baton::app {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::unique_ptr<control::CaptureReader> Begin(control::Captures& captures,
                                              const control::CaptureAsk& ask = {}) {
  auto begun = captures.Begin(ask, "olga", SteadyTime(), [] {});
  EXPECT_TRUE(begun);
  return *std::move(begun);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs HeadersOf(const control::CapturedRequest& captured) {
  Pairs pairs;
  for (const auto& header : captured.headers) pairs.emplace_back(header.name, header.value);
  return pairs;
}

class RequestCaptureTest : public testing::Test {
 protected:
  // On a connection of its own. Returns when the beginning of its answer is there.
  void Send(const std::string& request) {
    const UniqueFd client = testing_support::Connect(harness_.port());
    ASSERT_EQ(send(client.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    char answer[4096];
    ASSERT_GT(recv(client.get(), answer, sizeof(answer), 0), 0);
  }
  static std::string Post(const std::string& target, const std::string& headers,
                          const std::string& body) {
    return "POST " + target + " HTTP/1.1\r\nHost: h\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  // The next one that is kept: its books may be closed a little after its answer is there.
  static control::CapturedRequest Next(control::CaptureReader& reader) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < end) {
      auto news = reader.Take(1);
      if (!news.requests.empty()) return std::move(news.requests.front());
      std::this_thread::yield();
    }
    ADD_FAILURE() << "nothing was captured";
    return {};
  }

  ConductorHarness harness_;
};

TEST_F(RequestCaptureTest, ARequestIsKeptAsItWasSentButForItsSecrets) {
  const auto reader = Begin(harness_.captures());
  const std::string body = R"({"instances": [[1, 2, 3, 4]]})";
  Send(Post("/v1/models/sum:predict?token=abc&x=1",
            "Authorization: Bearer top\r\ncOOkie: c=d\r\nX-Api-Key: k\r\nX-One: 1\r\n"
            "Content-Type: application/json\r\n",
            body));
  const auto captured = Next(*reader);
  EXPECT_EQ(captured.protocol, "http");
  EXPECT_EQ(captured.method, "POST");
  EXPECT_EQ(captured.target, "/v1/models/sum:predict?token=(redacted)&x=1");
  EXPECT_EQ(captured.endpoint, "sum");
  EXPECT_EQ(captured.version, "1");
  EXPECT_EQ(captured.body, body);
  EXPECT_EQ(captured.body_bytes, body.size());
  EXPECT_EQ(captured.answer, "prediction");
  EXPECT_EQ(captured.cause, "");
  EXPECT_EQ(captured.budget, 3s);
  EXPECT_GT(captured.spent, Duration::zero());
  EXPECT_GT(captured.arrived_unix_ms, 1'700'000'000'000);
  EXPECT_EQ(captured.trace_id.size(), 32u);
  EXPECT_THAT(HeadersOf(captured),
              ElementsAre(Pair("Host", "h"), Pair("Authorization", "(redacted)"),
                          Pair("cOOkie", "(redacted)"), Pair("X-Api-Key", "(redacted)"),
                          Pair("X-One", "1"), Pair("Content-Type", "application/json"),
                          Pair("Content-Length", std::to_string(body.size()))));
}

TEST_F(RequestCaptureTest, MissesAndWhatNamesNothingAreKeptToo) {
  const auto reader = Begin(harness_.captures());
  Send(Post("/v1/models/sum:predict", "Baton-Budget-Ms: 0\r\n", "{}"));
  const auto miss = Next(*reader);
  EXPECT_EQ(miss.answer, "timeout");
  EXPECT_EQ(miss.cause, "budget_too_small");
  Send(Post("/v1/models/nosuch:predict", "", "{}"));
  const auto unknown = Next(*reader);
  EXPECT_EQ(unknown.endpoint, "_unknown_");
  EXPECT_EQ(unknown.answer, "invalid");
}

TEST_F(RequestCaptureTest, ABodyThatNobodyReadIsNotTakenForAnEmptyOne) {
  const auto reader = Begin(harness_.captures());
  const std::string head = "POST /v1/models/nosuch:predict HTTP/1.1\r\nHost: h\r\n";
  const std::pair<std::string, std::uint64_t> sizes[] = {{"Content-Length: 20\r\n\r\n", 20},
                                                         {"Transfer-Encoding: chunked\r\n\r\n", 1},
                                                         {"Content-Length: 0\r\n\r\n", 0},
                                                         {"\r\n", 0}};
  for (const auto& [framing, bytes] : sizes) {
    Send(head + framing);
    const auto captured = Next(*reader);
    EXPECT_EQ(captured.body, "") << framing;
    EXPECT_EQ(captured.body_bytes, bytes) << framing;
  }
}

TEST_F(RequestCaptureTest, BytesThatAreNoTextAndLongBodiesAreKeptAsFarAsAsked) {
  control::CaptureAsk ask;
  ask.endpoint = "sum";
  ask.most_body_bytes = 5;
  const auto reader = Begin(harness_.captures(), ask);
  Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  Send(Post("/v1/models/sum:predict", "X-One: \xff\r\n", std::string("\xff\0\xfe\x80z!", 6)));
  const auto captured = Next(*reader);
  EXPECT_EQ(captured.body, std::string("\xff\0\xfe\x80z", 5));
  EXPECT_EQ(captured.body_bytes, 6u);
  EXPECT_EQ(HeadersOf(captured).at(1).second, "\xff");
}

class FakeCall final : public api::InferCall {
 public:
  api::CallId id() const override { return api::CallId{1}; }
  std::optional<Duration> budget() const override { return std::nullopt; }
  std::optional<std::string_view> Metadata(std::string_view, std::size_t) const override {
    return std::nullopt;
  }
  void ForEachMetadata(const MetadataSeen& seen) const override {
    for (const auto& [name, value] : metadata) seen(name, value);
  }
  bool has_room() const override { return true; }
  bool TakeBody(std::string&) override { return true; }
  void Finish(const api::AnswerView&, std::string&) override {}

  std::multimap<std::string, std::string> metadata;
};

TEST(CallCaptureTest, ACallIsKeptWithItsMessage) {
  metrics::Registry registry;
  serve::Endpoints endpoints{registry};
  control::Captures captures;
  RequestRecord record;
  record.endpoint = *endpoints.Add("sum", serve::Endpoint::Kind::kModel);
  FakeCall call;
  call.metadata = {{"authorization", "Bearer top"}, {"one-bin", "\xff"}};
  CaptureCall(nullptr, call, "message", record);
  CaptureCall(&captures, call, "message", record);
  EXPECT_FALSE(record.captured);
  const auto reader = Begin(captures);
  CaptureCall(&captures, call, "message", record);
  ASSERT_TRUE(record.captured);
  record.answer = serve::Answer::kRefused;
  record.cause = serve::Cause::kNoTime;
  EndCapture(captures, record, SteadyTime() + 5ms);
  const auto news = reader->Take(1);
  ASSERT_EQ(news.requests.size(), 1u);
  const auto& captured = news.requests[0];
  EXPECT_EQ(captured.protocol, "grpc");
  EXPECT_EQ(captured.target, "/inference.GRPCInferenceService/ModelInfer");
  EXPECT_EQ(captured.body, "message");
  EXPECT_EQ(captured.cause, "no_time");
  EXPECT_THAT(HeadersOf(captured),
              ElementsAre(Pair("authorization", "(redacted)"), Pair("one-bin", "\xff")));
}

}  // namespace
}  // namespace baton::app
