// Names of methods and statuses, and headers that cannot be injected into.
#include "server/http/message.h"

#include <string>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

using std::string_literals::operator""s;

TEST(MessageTest, HeadersAreAppendedAsLines) {
  std::string headers;
  AppendHeader(headers, "A", "b");
  AppendHeader(headers, "C-D", "");
  EXPECT_EQ(headers, "A: b\r\nC-D: \r\n");
}

TEST(MessageDeathTest, AHeaderWithALineEndOrNulIsOurOwnFault) {
  std::string headers;
  for (const std::string& bad : {"a\rb"s, "a\nb"s, "a\0b"s, "\r\n"s}) {
    EXPECT_DEATH(AppendHeader(headers, "A", bad), "check failed");
    EXPECT_DEATH(AppendHeader(headers, bad, "a"), "check failed");
  }
}

TEST(MessageTest, EveryStatusOfOursHasAPhrase) {
  for (const int status :
       {100, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411,
        412, 413, 414, 415, 416, 417, 422, 429, 431, 500, 501, 502, 503, 504, 505}) {
    EXPECT_FALSE(ReasonPhrase(status).empty()) << status;
  }
  EXPECT_EQ(ReasonPhrase(299), "");
  EXPECT_EQ(ReasonPhrase(431), "Request Header Fields Too Large");
}

TEST(MessageTest, MethodsHaveTheirNames) {
  EXPECT_EQ(ToText(Method::kGet), "GET");
  EXPECT_EQ(ToText(Method::kHead), "HEAD");
  EXPECT_EQ(ToText(Method::kPost), "POST");
  EXPECT_EQ(ToText(Method::kPut), "PUT");
  EXPECT_EQ(ToText(Method::kDelete), "DELETE");
  EXPECT_EQ(ToText(Method::kOptions), "OPTIONS");
  EXPECT_EQ(ToText(Method::kPatch), "PATCH");
  EXPECT_EQ(ToText(Method::kOther), "OTHER");
}

}  // namespace
}  // namespace baton::http
