// Durations and listen addresses as operators type them, good and bad.
#include "server/base/duration_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton {
namespace {

using testing::HasSubstr;

TEST(ParseDurationTest, NumbersWithAUnitAreTaken) {
  struct Case {
    const char* text;
    Duration expected;
  };
  const Case cases[] = {
      {"50ms", 50ms}, {"1.5s", 1500ms}, {"250us", 250us}, {"2m", 120s},
      {"1h", 3600s},  {"0ms", 0ns},     {"0.5us", 500ns}, {"1e3ms", 1s},
      {"24h", 24h},   {".5s", 500ms},   {"86400s", 24h},
  };
  for (const Case& c : cases) {
    const Result<Duration> parsed = ParseDuration(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParseDurationTest, EverythingElseIsAnErrorThatQuotesIt) {
  for (const char* text : {"",     "50",     "ms",       "50 ms",  " 50ms",    "50ms ",  "-1ms",
                           "-0ms", "+1ms",   "nans",     "infs",   "1d",       "1MS",    "50msx",
                           "1,5s", "0x10ms", "24.0001h", "1e400s", "9999999h", "five ms"}) {
    const Result<Duration> parsed = ParseDuration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(parsed.error().message, HasSubstr("us, ms, s, m, h"));
  }
}

TEST(FormatDurationTest, TheLargestFittingUnitIsUsed) {
  struct Case {
    Duration duration;
    const char* expected;
  };
  const Case cases[] = {
      {50ms, "50ms"},   {1500ms, "1.5s"}, {250us, "250us"}, {1s, "1s"},
      {90s, "90s"},     {999us, "999us"}, {0ns, "0us"},     {1'234'567ns, "1.234567ms"},
      {100ns, "0.1us"},
  };
  for (const Case& c : cases) EXPECT_EQ(FormatDuration(c.duration), c.expected);
}

TEST(FormatDurationTest, WhatIsWrittenReadsBackAsTheSame) {
  for (const Duration duration : {Duration(1ns), Duration(999'999ns), Duration(1'000'001ns),
                                  Duration(59'999'999'999ns), Duration(86'399'999'999'999ns)}) {
    const Result<Duration> parsed = ParseDuration(FormatDuration(duration));
    ASSERT_TRUE(parsed) << FormatDuration(duration);
    EXPECT_EQ(*parsed, duration);
  }
}

TEST(ParseListenAddressTest, EveryFormGivesHostAndPort) {
  struct Case {
    const char* text;
    const char* host;
    int port;
    const char* shown;
  };
  const Case cases[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080"},
      {"0.0.0.0:0", "0.0.0.0", 0, "0.0.0.0:0"},
      {":9000", "0.0.0.0", 9000, "0.0.0.0:9000"},
      {"*:9000", "0.0.0.0", 9000, "0.0.0.0:9000"},
      {"8080", "127.0.0.1", 8080, "127.0.0.1:8080"},
      {"localhost:65535", "127.0.0.1", 65535, "127.0.0.1:65535"},
      {"[::1]:80", "::1", 80, "[::1]:80"},
      {"[::]:0", "::", 0, "[::]:0"},
  };
  for (const Case& c : cases) {
    const Result<ListenAddress> parsed = ParseListenAddress(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_FALSE(parsed->off);
    EXPECT_EQ(parsed->host, c.host) << c.text;
    EXPECT_EQ(parsed->port, c.port) << c.text;
    EXPECT_EQ(parsed->ToText(), c.shown);
  }
}

TEST(ParseListenAddressTest, OnlyLoopbackIsLoopback) {
  for (const char* const near : {"127.0.0.1:1", "127.1.2.3:1", "localhost:1", "8080", "[::1]:1"}) {
    EXPECT_TRUE(ParseListenAddress(near)->IsLoopback()) << near;
  }
  for (const char* const far : {"off", ":1", "*:1", "10.127.0.1:1", "[::]:1", "[::2]:1"}) {
    EXPECT_FALSE(ParseListenAddress(far)->IsLoopback()) << far;
  }
}

TEST(ParseListenAddressTest, OffIsAListenerThatIsNotWanted) {
  const Result<ListenAddress> parsed = ParseListenAddress("off");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->off);
  EXPECT_EQ(parsed->ToText(), "off");
}

TEST(ParseListenAddressTest, EverythingElseIsAnErrorThatQuotesIt) {
  for (const char* text :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:80x", "127.0.0.1: 80", "256.0.0.1:80", "example.org:80", "[::1]",
        "[::1]:", "::1", "::1:8080", "[127.0.0.1]:80", "[]:80", "[::1:80", "OFF"}) {
    const Result<ListenAddress> parsed = ParseListenAddress(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(parsed.error().message, HasSubstr("ADDR:PORT"));
  }
}

}  // namespace
}  // namespace baton
