// Requests and their wire form, addresses, samples.
#include "client/lib/request.h"

#include <gtest/gtest.h>

#include "client/lib/samples.h"
#include "client/lib/server_address.h"

namespace baton::client {
namespace {

TEST(RequestTest, WireFormHasHostLengthAndType) {
  Request request;
  request.path = "/reverse";
  request.headers = {{"Baton-Budget-Ms", "50"}};
  request.body = "{}";
  EXPECT_EQ(
      ToWire(request, "h:1"),
      "POST /reverse HTTP/1.1\r\nHost: h:1\r\nUser-Agent: baton-client/" BATON_VERSION
      "\r\nBaton-Budget-Ms: 50\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(RequestTest, TheLastRequestOfAConnectionSaysSo) {
  const Request request;
  EXPECT_NE(ToWire(request, "h", Persistence::kClose).find("\r\nConnection: close\r\n"),
            std::string::npos);
  EXPECT_EQ(ToWire(request, "h").find("Connection"), std::string::npos);
}

TEST(RequestTest, GetWithoutBodyHasNoLengthAndPostWithoutBodyHasZero) {
  Request request;
  request.method = "GET";
  EXPECT_EQ(ToWire(request, "h").find("Content-"), std::string::npos);
  request.method = "POST";
  EXPECT_NE(ToWire(request, "h").find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(RequestTest, HeadersOfTheCallerReplaceTheOwn) {
  Request request;
  request.headers = {{"host", "other"}, {"content-type", "text/plain"}, {"user-agent", "me"}};
  request.body = "x";
  EXPECT_EQ(ToWire(request, "h"),
            "POST / HTTP/1.1\r\nhost: other\r\ncontent-type: text/plain\r\nuser-agent: me\r\n"
            "Content-Length: 1\r\n\r\nx");
}

TEST(RequestTest, WhatWouldBreakTheFramingIsRefused) {
  const auto field_of = [](std::string method, std::string path, std::string name,
                           std::string value) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = {{std::move(name), std::move(value)}};
    const Status status = request.Validate();
    return status ? std::string("accepted") : status.error().field;
  };
  EXPECT_EQ(field_of("GET", "/a?b=%20", "A", "b\tc"), "accepted");
  EXPECT_EQ(field_of("G T", "/", "A", "b"), "method");
  EXPECT_EQ(field_of("", "/", "A", "b"), "method");
  EXPECT_EQ(field_of("GET", "a", "A", "b"), "path");
  EXPECT_EQ(field_of("GET", "/ HTTP/1.1\r\nX: y", "A", "b"), "path");
  EXPECT_EQ(field_of("GET", "/", "A b", "b"), "headers");
  EXPECT_EQ(field_of("GET", "/", "", "b"), "headers");
  EXPECT_EQ(field_of("GET", "/", "A", "b\r\nC: d"), "headers");
  EXPECT_EQ(field_of("GET", "/", "content-length", "1"), "headers");
  EXPECT_EQ(field_of("GET", "/", "Transfer-Encoding", "chunked"), "headers");
}

TEST(RequestTest, InferPathNamesModelAndVersionAndEncodesThem) {
  EXPECT_EQ(InferPath("tumour", ""), "/v2/models/tumour/infer");
  EXPECT_EQ(InferPath("tumour", "2"), "/v2/models/tumour/versions/2/infer");
  EXPECT_EQ(InferPath("a/b c", ""), "/v2/models/a%2Fb%20c/infer");
}

TEST(RequestTest, HeaderLinesAreTrimmed) {
  const auto header = ParseHeaderLine("X-Name:  some: value \t");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->first, "X-Name");
  EXPECT_EQ(header->second, "some: value");
  EXPECT_FALSE(ParseHeaderLine("no colon"));
  EXPECT_FALSE(ParseHeaderLine(": value"));
  EXPECT_FALSE(ParseHeaderLine("na me: value"));
}

TEST(RequestTest, BudgetsAreDecimalMilliseconds) {
  EXPECT_EQ(BudgetHeaderValue(50ms), "50");
  EXPECT_EQ(BudgetHeaderValue(250us), "0.25");
  EXPECT_EQ(BudgetHeaderValue(0ms), "0");
  EXPECT_EQ(BudgetHeaderValue(1ns), "0.000001");
  EXPECT_EQ(BudgetHeaderValue(24h), "86400000");
}

TEST(ServerAddressTest, ReadsTheFormsOfAnAddress) {
  const auto text_of = [](std::string_view text) {
    const Result<ServerAddress> address = ServerAddress::Resolve(text);
    return address ? address->text() : std::string("refused");
  };
  EXPECT_EQ(text_of("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(text_of("[::1]:8080"), "[::1]:8080");
  EXPECT_EQ(text_of(":8080"), "127.0.0.1:8080");
  EXPECT_EQ(text_of("8080"), "127.0.0.1:8080");
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:80x",
                          "::1:80", "http://127.0.0.1:80", "[127.0.0.1:80", "a b:80"}) {
    EXPECT_EQ(text_of(bad), "refused") << bad;
  }
}

TEST(ServerAddressTest, KnowsWhatStaysOnThisMachine) {
  const auto is_loopback = [](std::string_view text) {
    return ServerAddress::Resolve(text).value().IsLoopback();
  };
  EXPECT_TRUE(is_loopback("127.0.0.1:1"));
  EXPECT_TRUE(is_loopback("127.9.9.9:1"));
  EXPECT_TRUE(is_loopback("[::1]:1"));
  EXPECT_TRUE(is_loopback("[::ffff:127.0.0.1]:1"));
  EXPECT_FALSE(is_loopback("192.0.2.1:1"));
  EXPECT_FALSE(is_loopback("[2001:db8::1]:1"));
  EXPECT_FALSE(is_loopback("[::ffff:192.0.2.1]:1"));
}

TEST(SamplesTest, EveryBundledModelHasItsRow) {
  for (const char* model : {"tumour", "tumour_logistic", "digits"}) {
    const auto sample = FindSample(model);
    ASSERT_TRUE(sample) << model;
    EXPECT_EQ(sample->front(), '{');
    EXPECT_NE(sample->find("\"inputs\""), std::string_view::npos) << model;
    EXPECT_NE(sample->find("\"data\""), std::string_view::npos) << model;
  }
  EXPECT_FALSE(FindSample("nobody"));
  EXPECT_EQ(AllSamples().size(), 3U);
}

}  // namespace
}  // namespace baton::client
