// Limits as an operator writes them: each name reaches its place, and every mistake is told.
#include "server/app/limit_settings.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::app {
namespace {

using testing::HasSubstr;

std::string MistakesIn(const std::vector<std::string>& texts) {
  LimitSettings limits;
  const Status read = ReadLimitFlags(texts, limits);
  EXPECT_FALSE(read);
  return read ? std::string() : read.error().message;
}

TEST(LimitSettingsTest, EachNameReachesItsPlace) {
  LimitSettings limits;
  ASSERT_TRUE(ReadLimitFlags({"request_line_bytes=65B",
                              "header_bytes=300",
                              "header_count=3",
                              "body_bytes=4B",
                              "chunk_extension_bytes=5",
                              "trailer_bytes=6",
                              "forgotten_bytes=7",
                              "json_depth=8",
                              "head_time=9ms",
                              "body_time=10ms",
                              "body_grace=11ms",
                              "body_rate=12B",
                              "write_time=13ms",
                              "write_bytes=14B",
                              "idle_time=15ms",
                              "linger_time=16ms",
                              "connections_per_address=17",
                              "pipelined_requests=18",
                              "unsent_bytes=19",
                              "held_bytes=20",
                              "held_free_bytes=21",
                              "queued_requests=22",
                              "queued_bytes=23",
                              "pending_requests=24"},
                             limits));
  const http::Limits& http = limits.session.limits;
  EXPECT_EQ(http.request_line_bytes, 65u);
  EXPECT_EQ(http.header_bytes, 300u);
  EXPECT_EQ(http.header_count, 3u);
  EXPECT_EQ(http.body_bytes, 4u);
  EXPECT_EQ(http.chunk_extension_bytes, 5u);
  EXPECT_EQ(http.trailer_bytes, 6u);
  EXPECT_EQ(http.forgotten_bytes, 7u);
  EXPECT_EQ(limits.json_depth, 8u);
  const http::SessionTimeouts& timeouts = limits.session.timeouts;
  EXPECT_EQ(timeouts.head, 9ms);
  EXPECT_EQ(timeouts.body, 10ms);
  EXPECT_EQ(timeouts.body_grace, 11ms);
  EXPECT_EQ(timeouts.body_rate, 12u);
  EXPECT_EQ(timeouts.write, 13ms);
  EXPECT_EQ(timeouts.write_bytes, 14u);
  EXPECT_EQ(timeouts.idle, 15ms);
  EXPECT_EQ(timeouts.linger, 16ms);
  EXPECT_EQ(limits.connections_per_address, 17u);
  EXPECT_EQ(http.pipelined_requests, 18u);
  EXPECT_EQ(limits.session.output_high_bytes, 19u);
  EXPECT_EQ(limits.session.held_bytes, 20u);
  EXPECT_EQ(limits.session.held_free_bytes, 21u);
  EXPECT_EQ(limits.admission.max_waiting, 22u);
  EXPECT_EQ(limits.admission.max_waiting_bytes, 23u);
  EXPECT_EQ(limits.pending_requests, 24u);
}

TEST(LimitSettingsTest, WithoutAnyTheDefaultsStay) {
  LimitSettings limits;
  EXPECT_TRUE(ReadLimitFlags({}, limits));
  EXPECT_EQ(limits.session.limits.body_bytes, http::Limits().body_bytes);
}

TEST(LimitSettingsTest, AMistakeIsToldWithWhatWasExpected) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"body_bytes", "expected KEY=VALUE"},
      {"body_byte=1MiB", "did you mean body_bytes?"},
      {"body_bytes=1MB", "is no size"},
      {"body_bytes=0", "body_bytes: is 0, expected 1B to 1GiB"},
      {"body_bytes=-1", "is no size"},
      {"head_time=10", "duration"},
      {"head_time=0ms", "head_time: is 0ms, expected 1ms to 3600s"},
      {"idle_time=25h", "24"},
      {"header_count=1KiB", "expected a whole number, got '1KiB'"},
      {"json_depth=257", "json_depth: is 257, expected 1 to 256"},
      {"pipelined_requests=18446744073709551617", "expected a whole number"},
      {"held_bytes=1MiB", "expected at least body_bytes, which is 8MiB"},
      {"body_bytes=512MiB", "queued_bytes: is 256MiB, expected at least body_bytes"},
  };
  for (const auto& [text, expected] : table) EXPECT_THAT(MistakesIn({text}), HasSubstr(expected));
}

TEST(LimitSettingsTest, TheSameTwiceIsAMistake) {
  EXPECT_THAT(MistakesIn({"json_depth=8", "json_depth=8"}), HasSubstr("given twice"));
}

TEST(LimitSettingsTest, AllMistakesAreToldAtOnceAndNothingIsSet) {
  LimitSettings limits;
  const Status read = ReadLimitFlags({"header_count=1", "json_depth=0", "no_such=1"}, limits);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "--limit");
  EXPECT_THAT(read.error().message, HasSubstr("json_depth"));
  EXPECT_THAT(read.error().message, HasSubstr("no_such"));
  EXPECT_EQ(limits.session.limits.header_count, http::Limits().header_count);
}

TEST(LimitSettingsTest, HelpShowsEveryNameWithADefaultThatCanBeRead) {
  std::istringstream help(LimitsHelp());
  std::size_t lines = 0;
  for (std::string line; std::getline(help, line); ++lines) {
    const std::string name = line.substr(2, line.find('=') - 2);
    const std::size_t at = line.rfind("(default ");
    ASSERT_NE(at, std::string::npos) << line;
    const std::string value = line.substr(at + 9, line.find(',', at) - at - 9);
    LimitSettings limits;
    EXPECT_TRUE(ReadLimitFlags({name + "=" + value}, limits)) << line;
  }
  EXPECT_EQ(lines, 28u);
}

}  // namespace
}  // namespace baton::app
