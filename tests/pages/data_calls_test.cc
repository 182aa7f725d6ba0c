// What the pages ask of the data plane, and what they make of its answers.
#include "server/pages/data_calls.h"

#include <string>

#include <gmock/gmock.h>

#include "tests/support/make_request.h"

namespace baton::pages {
namespace {

using http::RequestWith;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

http::Request Ask(http::Method method, std::string path) {
  http::Request request = RequestWith({});
  request.method = method;
  request.path = std::move(path);
  return request;
}

TEST(ToDataRequestTest, APredictionGoesOnWithItsBudgetAndItsKeyAndNothingElse) {
  http::Request request = RequestWith({{"Host", "evil"},
                                       {"Cookie", "a=b"},
                                       {"Authorization", "Bearer key"},
                                       {"baton-budget-ms", "50"},
                                       {"Content-Type", "application/json"}});
  request.method = http::Method::kPost;
  request.path = "/data/v2/models/tumour/infer";
  request.body = "{}";
  const auto text = ToDataRequest(request);
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(
      *text, AllOf(StartsWith("POST /v2/models/tumour/infer HTTP/1.1\r\nHost: pages\r\n"
                              "Connection: close\r\n"),
                   HasSubstr("Authorization: Bearer key\r\n"), HasSubstr("Baton-Budget-Ms: 50\r\n"),
                   EndsWith("Content-Length: 2\r\n\r\n{}"), Not(HasSubstr("Cookie")),
                   Not(HasSubstr("evil"))));
}

TEST(ToDataRequestTest, EveryHeaderThatThePlaneReadsGoesOn) {
  for (const char* const name :
       {"Authorization", "X-API-Key", "Baton-Budget-Ms", "Baton-Criticality", "Baton-Explain",
        "endpoint-load-metrics-format", "traceparent", "tracestate"}) {
    http::Request request = RequestWith({{name, "v1"}});
    request.method = http::Method::kGet;
    request.path = "/data/v2";
    const auto text = ToDataRequest(request);
    ASSERT_TRUE(text.has_value());
    EXPECT_THAT(*text, HasSubstr(std::string(name) + ": v1\r\n"));
  }
}

TEST(ToDataRequestTest, WhatThePathHoldsCannotBecomeALineOfTheHead) {
  const auto text =
      ToDataRequest(Ask(http::Method::kGet, "/data/v2/models/a b\r\nX: y?z#%\xC3\xA4"));
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(*text, StartsWith("GET /v2/models/a%20b%0D%0AX:%20y%3Fz%23%25%C3%A4 HTTP/1.1\r\n"));
}

TEST(ToDataRequestTest, OnlyWhatLooksOrPredictsIsPassedOn) {
  using http::Method;
  const std::pair<Method, std::string> refused[] = {
      {Method::kPost, "/data/v2/repository/models/tumour/unload"},
      {Method::kPost, "/data/v2"},
      {Method::kDelete, "/data/v2/models/tumour/infer"},
      {Method::kHead, "/data/v2"},
      {Method::kGet, "/data/secret.txt"},
      {Method::kGet, "/data/"},
  };
  for (const auto& [method, path] : refused) {
    const auto text = ToDataRequest(Ask(method, path));
    ASSERT_FALSE(text.has_value()) << path;
    EXPECT_EQ(text.error().status, 404) << path;
  }
  const std::pair<Method, std::string> passed[] = {
      {Method::kGet, "/data/openapi.json"},
      {Method::kGet, "/data/v2/models/tumour"},
      {Method::kPost, "/data/v2/repository/index"},
      {Method::kPost, "/data/v1/models/tumour:predict"},
      {Method::kPost, "/data/reverse"},
  };
  for (const auto& [method, path] : passed) {
    EXPECT_TRUE(ToDataRequest(Ask(method, path)).has_value()) << path;
  }
}

TEST(ReadDataAnswerTest, AWholeAnswerKeepsItsStatusItsHeadersAndItsBody) {
  const auto answer = ReadDataAnswer(
      "HTTP/1.1 504 Gateway Timeout\r\nDate: now\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nConnection: close\r\nBaton-Cause: expired_running\r\n\r\n{}");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 504);
  EXPECT_EQ(answer->headers, "Content-Type: application/json\r\nBaton-Cause: expired_running\r\n");
  EXPECT_EQ(answer->body, "{}");
}

TEST(ReadDataAnswerTest, WhatWasCutIsNone) {
  const std::string whole = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\nhello";
  ASSERT_TRUE(ReadDataAnswer(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ReadDataAnswer(whole.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace baton::pages
