// Answers as bytes, whole.
#include "server/http/response_writer.h"

#include <string>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string Write(const Response& response, WriteOptions options = {}) {
  options.date = kDate;
  std::string out;
  AppendResponse(out, response, options);
  return out;
}

TEST(ResponseWriterTest, WritesAnAnswerWithABody) {
  EXPECT_EQ(Write({.body = "{}"}),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 2\r\n"
            "\r\n"
            "{}");
}

TEST(ResponseWriterTest, WritesMoreHeadersAndAnotherType) {
  Response response{.status = 503, .content_type = "text/plain", .body = "later"};
  AppendHeader(response.headers, "Retry-After", "1");
  AppendHeader(response.headers, "Baton-Answer", "refused");
  EXPECT_EQ(Write(response),
            "HTTP/1.1 503 Service Unavailable\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain\r\n"
            "Content-Length: 5\r\n"
            "Retry-After: 1\r\n"
            "Baton-Answer: refused\r\n"
            "\r\n"
            "later");
}

TEST(ResponseWriterTest, SaysWhenItCloses) {
  EXPECT_EQ(Write({.status = 400, .body = "x"}, {.close = true}),
            "HTTP/1.1 400 Bad Request\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 1\r\n"
            "Connection: close\r\n"
            "\r\n"
            "x");
}

TEST(ResponseWriterTest, SaysToHttp10ThatItStays) {
  EXPECT_EQ(Write({.content_type = ""}, {.version_minor = 0}),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 0\r\n"
            "Connection: keep-alive\r\n"
            "\r\n");
}

TEST(ResponseWriterTest, AnswersHeadWithoutTheBody) {
  EXPECT_EQ(Write({.body = "hello"}, {.head_only = true}),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 5\r\n"
            "\r\n");
}

TEST(ResponseWriterTest, WritesNoBodyWhereThereIsNone) {
  for (const int status : {204, 304}) {
    EXPECT_EQ(Write({.status = status, .body = "unwanted"}),
              "HTTP/1.1 " + std::to_string(status) + " " + std::string(ReasonPhrase(status)) +
                  "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
  }
}

TEST(ResponseWriterTest, AppendsBehindWhatIsThere) {
  std::string out;
  const Response response{.body = "1"};
  AppendResponse(out, response, {.date = kDate});
  const std::string once = out;
  AppendResponse(out, response, {.date = kDate});
  EXPECT_EQ(out, once + once);
}

TEST(ResponseWriterTest, WritesAStatusWithoutAPhrase) {
  EXPECT_TRUE(Write({.status = 499}).starts_with("HTTP/1.1 499 \r\n"));
}

TEST(DateCacheTest, WritesDatesAsHttpDoes) {
  DateCache cache;
  EXPECT_EQ(cache.At(784111777), kDate);
  EXPECT_EQ(cache.At(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.At(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(cache.At(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(cache.At(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST(DateCacheTest, MakesADateOnceASecond) {
  DateCache cache;
  const char* const first = cache.At(784111777).data();
  const std::string text(cache.At(784111777));
  EXPECT_EQ(cache.At(784111777).data(), first);
  EXPECT_EQ(text, kDate);
}

TEST(DateCacheTest, TheSecondBeforeTheEpochIsMadeToo) {
  DateCache cache;
  EXPECT_EQ(cache.At(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
}

}  // namespace
}  // namespace baton::http
