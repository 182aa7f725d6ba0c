// What an operator says of traces, and ended requests as a tracer is told of them.
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/app/conductor_books.h"
#include "server/app/request_tracing.h"
#include "server/app/tracing_options.h"
#include "server/config/file_layer.h"
#include "server/config/settings.h"
#include "server/serve/endpoints.h"

namespace baton::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Result<TracingOptions> Read(const std::string& text) {
  const auto read = config::ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  config::Configuration whole = config::Defaults();
  if (read) config::Overlay(*read, whole);
  return ReadTracing(whole);
}

TEST(TracingOptionsTest, AllThatIsSaidIsTaken) {
  const auto tracing = Read(
      "tracing: {endpoint: 'https://otel:4318/v1/traces', headers_file: /h, ca_file: /c, "
      "service: shop, sample: 12.5%, callers: ignore, misses: 7, others: 8}\n");
  ASSERT_TRUE(tracing);
  EXPECT_EQ(tracing->endpoint, "https://otel:4318/v1/traces");
  EXPECT_EQ(tracing->headers_file, "/h");
  EXPECT_EQ(tracing->ca_file, "/c");
  EXPECT_EQ(tracing->service, "shop");
  EXPECT_DOUBLE_EQ(tracing->sampling.share, 0.125);
  EXPECT_FALSE(tracing->sampling.follows_callers);
  EXPECT_EQ(tracing->sampling.misses, 7u);
  EXPECT_EQ(tracing->sampling.others, 8u);
}

TEST(TracingOptionsTest, DefaultsAreThoseOfTheSchema) {
  const auto tracing = Read("");
  const TracingOptions expected;
  ASSERT_TRUE(tracing);
  EXPECT_EQ(tracing->endpoint, "");
  EXPECT_EQ(tracing->service, expected.service);
  EXPECT_DOUBLE_EQ(tracing->sampling.share, expected.sampling.share);
  EXPECT_EQ(tracing->sampling.follows_callers, expected.sampling.follows_callers);
  EXPECT_EQ(tracing->sampling.misses, expected.sampling.misses);
  EXPECT_EQ(tracing->sampling.others, expected.sampling.others);
}

TEST(TracingOptionsTest, AnAddressThatIsNoneIsToldWithItsPlace) {
  const auto tracing = Read("tracing:\n  endpoint: otel:4318\n");
  ASSERT_FALSE(tracing);
  EXPECT_EQ(tracing.error().field, "tracing.endpoint");
  EXPECT_THAT(tracing.error().message, HasSubstr("b.yaml:2:"));
}

TEST(CollectorHeadersTest, AreALineEach) {
  const auto headers = ParseCollectorHeaders("# mine\nAuthorization: Bearer x y\r\n\nX-Id:7");
  ASSERT_TRUE(headers);
  EXPECT_THAT(*headers, ElementsAre("Authorization: Bearer x y", "X-Id:7"));
  EXPECT_THAT(ParseCollectorHeaders("").value(), IsEmpty());
}

TEST(CollectorHeadersTest, AMistakeIsToldByItsLineAlone) {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "A: b\n";
  for (const std::string& text : {std::string("A: b\nsecret"), std::string("\nse cret: x"),
                                  std::string("\nsecret:"), std::string("\nsecret: \x01"),
                                  std::string("\n: secret"), std::string("\nsecret: \xc3\xa4")}) {
    const auto headers = ParseCollectorHeaders(text);
    ASSERT_FALSE(headers) << text;
    EXPECT_THAT(headers.error().message, HasSubstr("line 2:"));
    EXPECT_THAT(headers.error().message, Not(HasSubstr("secret")));
  }
  EXPECT_FALSE(ParseCollectorHeaders(many));
}

class KeepingPost final : public trace::Post {
 public:
  explicit KeepingPost(std::string& kept) : kept_(kept) {}
  trace::PostAnswer Send(const std::string& body, Duration /*most*/) override {
    kept_ += body;
    return {200, "", {}, ""};
  }
  void Hurry(Duration /*most*/) override {}

 private:
  std::string& kept_;
};

class RequestTracingTest : public testing::Test {
 protected:
  RequestTracingTest() {
    record_.endpoint = *endpoints_.Add("m", serve::Endpoint::Kind::kRoute);
    record_.trace.trace_id = {1, 2};
    record_.trace.span = SpanId{3};
    record_.deadline = Deadline(SteadyTime(1s), 100ms);
    record_.has_budget = true;
    record_.admitted = SteadyTime(1s + 1ms);
    record_.started = SteadyTime(1s + 3ms);
    record_.finished = SteadyTime(1s + 7ms);
    record_.answered = SteadyTime(1s + 8ms);
    record_.answer = serve::Answer::kPrediction;
  }

  // What was sent of the record when it has ended.
  std::string SentWith(const trace::Sampling& sampling) {
    std::string sent;
    trace::Tracer tracer({clock_, std::make_unique<KeepingPost>(sent), {}, nullptr}, sampling);
    RequestTracing tracing(&tracer);
    tracing.Note(record_, SteadyTime(1s + 9ms));
    tracer.Start();
    tracer.Stop(10s);
    return sent;
  }

  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  RequestRecord record_;
};

TEST_F(RequestTracingTest, AllOfARequestIsTold) {
  record_.answer = serve::Answer::kError;
  record_.cause = serve::Cause::kBackendError;
  record_.status = 500;
  record_.batch_size = 4;
  record_.ask.path = "/m";
  const std::string sent = SentWith({});
  for (const char* part :
       {R"("traceId":"00000000000000010000000000000002")", R"("spanId":"0000000000000003")",
        R"("name":"POST m")", R"({"intValue":"500"})", R"({"stringValue":"/m"})",
        R"({"stringValue":"backend_error"})", R"({"stringValue":"error"})",
        R"({"doubleValue":100})", R"("name":"read")", R"("name":"queue")", R"("name":"run")",
        R"("name":"write")", R"("baton.batch.size","value":{"intValue":"4"})"}) {
    EXPECT_THAT(sent, HasSubstr(part));
  }
}

TEST_F(RequestTracingTest, OnlyWhatIsWantedIsTold) {
  trace::Sampling sampling;
  sampling.share = 0;
  EXPECT_EQ(SentWith(sampling), "");
  record_.trace.is_sampled = true;
  EXPECT_NE(SentWith(sampling), "");
}

TEST_F(RequestTracingTest, NobodyIsToldWithoutATracer) {
  RequestTracing(nullptr).Note(record_, SteadyTime(2s));
}

}  // namespace
}  // namespace baton::app
