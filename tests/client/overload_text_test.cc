// The demonstration's table and JSON, from fixed figures.
#include "client/lib/overload_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/overload_sample.h"

namespace baton::client {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(OverloadTextTest, FactorsAreWrittenAsTheyAreSaid) {
  EXPECT_EQ(FactorText(0.5), "0.5x");
  EXPECT_EQ(FactorText(10), "10x");
}

TEST(OverloadTextTest, TableSaysWhatWasOfferedAndHowCapacityIsKnown) {
  EXPECT_THAT(ToTable(SampleOverload()),
              StartsWith("overload    POST /test/spin, budget 50ms, 5s a step, 200 connections\n"
                         "capacity    200 good answers/s, as given\n"
                         "\nbaton (127.0.0.1:8080)\n"));
}

TEST(OverloadTextTest, ARowHasTheFiguresOfItsStep) {
  const std::string table = ToTable(SampleOverload());
  EXPECT_THAT(table, ContainsRegex(" 10x +2000 +200 +100.0 % +100.00 % +0 +0.1 ms +0.9 ms +12.3 ms "
                                   " no_time 1790, expired_running 10\n"));
  EXPECT_THAT(table, ContainsRegex(" 1x +200 +150 +75.0 % .* +- +- +12.3 ms  -\n"));
  EXPECT_THAT(table, ContainsRegex(" 10x +2000 +0.0 +0.0 % .* +- +- +-  -\n"));
}

TEST(OverloadTextTest, TableSaysWhenEachServerWasBackToNormal) {
  EXPECT_THAT(ToTable(SampleOverload()),
              AllOf(HasSubstr("0.5x of capacity at once: back to normal after 200 ms\n"),
                    HasSubstr("at once: not back to normal within the step\n")));
  OverloadResult repeated = SampleOverload();
  repeated.repeats = 4;
  repeated.curves[0].recoveries = {200ms, 600ms, std::nullopt, 400ms};
  EXPECT_THAT(ToTable(repeated), HasSubstr("back to normal after 400 ms (200 to 600 ms); "
                                           "1 of 4 times not within the step\n"));
}

TEST(OverloadTextTest, RepeatsShowTheirSpreadAndOneRunDoesNot) {
  OverloadResult result = SampleOverload();
  EXPECT_THAT(ToTable(result), Not(HasSubstr("from-to")));
  result.repeats = 3;
  result.curves[0].steps[0].goodput = SpreadOf({90, 100, 99});
  EXPECT_THAT(ToTable(result), AllOf(HasSubstr("goodput from-to"), HasSubstr("medians of 3"),
                                     ContainsRegex(" 0.5x +100 +99 .* 90 to 100  ")));
}

TEST(OverloadTextTest, TableWarnsOfTheGeneratorAtTheStepsThatItLimited) {
  OverloadResult result = SampleOverload();
  EXPECT_THAT(ToTable(result), Not(HasSubstr("warning")));
  result.curves[1].steps[0].was_limited = true;
  result.curves[1].steps[0].lag_p99 = 3ms;
  result.curves[1].steps[2].was_limited = true;
  result.curves[1].steps[2].waited_for_connection = 70;
  EXPECT_THAT(ToTable(result), HasSubstr("warning: the generator was a limit at 0.5x, 10x: up to "
                                         "3 ms behind its schedule (p99), up to 70 requests"));
}

TEST(OverloadTextTest, AnInterruptedRunShowsWhatIsThere) {
  OverloadResult result = SampleOverload();
  result.was_interrupted = true;
  result.curves[1].steps.clear();
  result.curves[1].recoveries.clear();
  EXPECT_THAT(ToTable(result),
              AllOf(HasSubstr("(interrupted)"), HasSubstr("\nbaton"), Not(HasSubstr("\nfifo"))));
}

TEST(OverloadTextTest, TableShowsNoControlCharactersOfAServer) {
  OverloadResult result = SampleOverload();
  result.curves[0].steps[0].misses = {{"\x1b[2J", 1}};
  EXPECT_THAT(ToTable(result), Not(HasSubstr("\x1b")));
}

TEST(OverloadTextTest, JsonHoldsTheNumbers) {
  const std::string json = ToJson(SampleOverload());
  EXPECT_THAT(json, HasSubstr(R"("capacity_per_second":200,"capacity_source":"as given",)"
                              R"("peak_goodput_per_second":200,"was_interrupted":false)"));
  EXPECT_THAT(json, HasSubstr(R"("goodput_per_second":{"median":150,"low":150,"high":150},)"
                              R"("goodput_of_peak_ratio":0.75)"));
  EXPECT_THAT(json,
              HasSubstr(R"("misses_per_second":{"expired_running":10,"no_time":1790},)"
                        R"("refuse_p50_ms":0.1,"refuse_p99_ms":0.9,"prediction_p99_ms":12.3)"));
  EXPECT_THAT(json, HasSubstr(R"("prediction_p99_ms":null)"));
  EXPECT_THAT(json, HasSubstr(R"("back_to_normal_ms":[200])"));
  EXPECT_THAT(json, HasSubstr(R"("back_to_normal_ms":[null])"));
}

}  // namespace
}  // namespace baton::client
