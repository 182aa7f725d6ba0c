#include "server/api/trace_headers.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace baton::api {
namespace {

constexpr const char* kCaller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

using Lines = std::vector<std::pair<std::string, std::string>>;

TraceContext Own() {
  TraceContext trace;
  trace.trace_id = {1, 2};
  trace.span = SpanId{3};
  return trace;
}

TraceContext Followed(const Lines& lines) {
  TraceContext trace = Own();
  FollowCaller(trace, [&lines](std::string_view name, std::size_t nth) {
    for (const auto& [key, value] : lines) {
      if (key == name && nth-- == 0) return std::optional<std::string_view>(value);
    }
    return std::optional<std::string_view>();
  });
  return trace;
}

std::string StateOf(const Lines& states) {
  Lines lines = states;
  lines.emplace_back("traceparent", kCaller);
  return Followed(lines).state;
}

TEST(TraceHeadersTest, ARequestJoinsItsCallersTraceWithASpanOfItsOwn) {
  const TraceContext trace = Followed({{"traceparent", kCaller}, {"tracestate", "a=1,b=2"}});
  EXPECT_EQ(ToText(trace.trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(ToText(trace.parent), "b7ad6b7169203331");
  EXPECT_EQ(trace.span, SpanId{3});
  EXPECT_TRUE(trace.is_sampled);
  EXPECT_EQ(trace.state, "a=1,b=2");
  EXPECT_TRUE(IsFollowed(trace));
}

TEST(TraceHeadersTest, WithoutExactlyOneGoodParentTheTraceBeginsHere) {
  const Lines bad[] = {
      {},
      {{"tracestate", "a=1"}},
      {{"traceparent", "00-0-0-01"}, {"tracestate", "a=1"}},
      {{"traceparent", kCaller}, {"traceparent", kCaller}, {"tracestate", "a=1"}},
  };
  for (const Lines& lines : bad) {
    const TraceContext trace = Followed(lines);
    EXPECT_EQ(trace.trace_id, (TraceId{1, 2}));
    EXPECT_FALSE(IsFollowed(trace));
    EXPECT_EQ(trace.state, "");
  }
}

TEST(TraceHeadersTest, SeveralLinesOfStateAreOneList) {
  EXPECT_EQ(StateOf({{"tracestate", "a=1"}, {"tracestate", ""}, {"tracestate", "b=2, c=3"}}),
            "a=1,,b=2, c=3");
}

TEST(TraceHeadersTest, ATabInAStateIsASpace) {
  EXPECT_EQ(StateOf({{"tracestate", "a=1,\tb=2\t"}}), "a=1, b=2 ");
}

TEST(TraceHeadersTest, AStateThatIsBrokenOrTooLongIsLeftOut) {
  EXPECT_EQ(StateOf({{"tracestate", "a=1"}, {"tracestate", "b"}}), "");
  const std::string half = "a=" + std::string(250, 'x');
  EXPECT_EQ(StateOf({{"tracestate", half}, {"tracestate", half}}).size(), 505u);
  EXPECT_EQ(StateOf({{"tracestate", half}, {"tracestate", half}, {"tracestate", half}}), "");
  EXPECT_EQ(StateOf(Lines(100, {"tracestate", std::string(100'000, 'x')})), "");
}

TEST(TraceHeadersTest, TheAnswerNamesOurSpanAndRepeatsTheState) {
  std::string headers = "A: b\r\n";
  AppendTraceHeaders(headers, Followed({{"traceparent", kCaller}, {"tracestate", "a=1"}}));
  EXPECT_EQ(headers,
            "A: b\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000003-01\r\n"
            "tracestate: a=1\r\n");
  headers.clear();
  AppendTraceHeaders(headers, Followed({{"traceparent", kCaller}}));
  EXPECT_EQ(headers, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000003-01\r\n");
}

}  // namespace
}  // namespace baton::api
