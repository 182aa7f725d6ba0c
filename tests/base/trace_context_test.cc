#include "server/base/trace_context.h"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

// The specification's own example.
constexpr std::string_view kExample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContextTest, ReadsTheExample) {
  const auto context = ParseTraceparent(kExample);
  ASSERT_TRUE(context);
  EXPECT_EQ(ToText(context->trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(ToText(context->parent), "b7ad6b7169203331");
  EXPECT_TRUE(context->is_sampled);
  EXPECT_EQ(context->span, SpanId::kNone);
}

TEST(TraceContextTest, KnowsOneFlagOnly) {
  EXPECT_FALSE(
      ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe")->is_sampled);
}

TEST(TraceContextTest, ReadsWhatItKnowsOfLaterVersions) {
  EXPECT_TRUE(ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_TRUE(ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"));
}

TEST(TraceContextTest, IgnoresWhatBreaksTheSpecification) {
  for (const std::string_view header : {
           "",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",          // too short
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",  // too long for 00
           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0G",
       }) {
    EXPECT_FALSE(ParseTraceparent(header)) << header;
  }
}

TEST(TraceContextTest, KnowsAWellFormedState) {
  for (const std::string& state : {
           std::string("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
           std::string("a=1 , b=2,\t,c=3"),
           std::string("tenant@vendor=x y!~;z"),
           std::string("0a/b*c-d_e=1"),
           std::string("a=1,a=2"),
           "k=" + std::string(256, 'v'),
           std::string(256, 'k') + "=v",
       }) {
    EXPECT_TRUE(IsTracestate(state)) << state;
  }
}

TEST(TraceContextTest, KnowsAStateThatIsNone) {
  std::string many = "a=1";
  for (std::size_t i = 1; i < kMostTracestateMembers; ++i) many += ",a=1";
  EXPECT_TRUE(IsTracestate(many));
  for (const std::string& state : {
           std::string(),
           std::string(" , "),
           std::string("a"),
           std::string("a="),
           std::string("=a"),
           std::string("A=1"),
           std::string("@a=1"),
           std::string("a =1"),
           std::string("a=b=c"),
           std::string("a=\x7f"),
           std::string("a=\xc3\xa4"),
           std::string("a=1\r\nX: y"),
           std::string("a=1\0b", 5),
           "k=" + std::string(257, 'v'),
           std::string(257, 'k') + "=v",
           many + ",a=1",
           "a=" + std::string(254, 'x') + ",b=" + std::string(254, 'x'),
       }) {
    EXPECT_FALSE(IsTracestate(state)) << state;
  }
}

TEST(TraceContextTest, WritesItsOwnSpanAsTheParentOfOthers) {
  TraceContext context = *ParseTraceparent(kExample);
  context.span = SpanId{0x1234};
  EXPECT_EQ(ToTraceparent(context), "00-0af7651916cd43dd8448eb211c80319c-0000000000001234-01");
  context.is_sampled = false;
  EXPECT_EQ(ToTraceparent(context), "00-0af7651916cd43dd8448eb211c80319c-0000000000001234-00");
}

TEST(TraceContextTest, MakesOthersOnEveryThread) {
  std::vector<std::vector<std::uint64_t>> made(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(made.size());
    for (auto& ids : made) {
      threads.emplace_back([&ids] {
        for (int i = 0; i < 1000; ++i) {
          const TraceId trace = NewTraceId();
          ids.insert(ids.end(), {trace.high, trace.low, static_cast<std::uint64_t>(NewSpanId())});
        }
      });
    }
  }
  std::set<std::uint64_t> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 12'000U);
  EXPECT_FALSE(all.contains(0));
}

}  // namespace
}  // namespace baton
