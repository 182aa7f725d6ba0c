// Aggregation of hand-made outcomes, and what the report says.
#include "client/lib/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/load_report_text.h"

namespace baton::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

Outcome Answered(std::string_view answer, int status, Duration latency,
                 std::optional<Duration> budget = 50ms) {
  Outcome outcome;
  outcome.latency = latency;
  outcome.status = status;
  outcome.answer = answer;
  outcome.budget = budget;
  return outcome;
}

Outcome Ended(End end) {
  Outcome outcome;
  outcome.end = end;
  return outcome;
}

TEST(LoadReportTest, EveryRequestEndsInExactlyOneWay) {
  LoadReport report;
  report.Add(Answered("prediction", 200, 1ms));
  for (const End end : kAllEnds) report.Add(Ended(end));
  std::uint64_t sum = 0;
  for (const End end : kAllEnds) sum += report.ended(end);
  EXPECT_EQ(report.requests(), 1 + kAllEnds.size());
  EXPECT_EQ(sum, report.requests());
  EXPECT_EQ(report.ended(End::kAnswered), 2U);
  EXPECT_EQ(report.ended(End::kReset), 1U);
}

TEST(LoadReportTest, AnswersAreCountedByHeaderElseByStatus) {
  LoadReport report;
  report.Add(Answered("prediction", 200, 1ms));
  report.Add(Answered("refused", 503, 1ms));
  report.Add(Answered("", 204, 1ms));
  report.Add(Answered("", 404, 1ms));
  report.Add(Answered("", 404, 1ms));
  EXPECT_THAT(report.answers(), ElementsAre(Pair("http_404", 2), Pair("ok", 1),
                                            Pair("prediction", 1), Pair("refused", 1)));
}

TEST(LoadReportTest, GoodputIsPredictionsInsideTheirBudget) {
  LoadReport report;
  report.SetMeasured(2s);
  report.Add(Answered("prediction", 200, 50ms));  // on the line is inside
  report.Add(Answered("prediction", 200, 50'000'001ns));
  report.Add(Answered("fallback", 200, 1ms));
  report.Add(Answered("refused", 503, 1ms));
  report.Add(Answered("", 200, 1ms));
  report.Add(Answered("", 500, 1ms));
  report.Add(Ended(End::kUnanswered));
  EXPECT_EQ(report.good(), 2U);
  EXPECT_DOUBLE_EQ(report.PerSecond(report.good()), 1.0);
}

TEST(LoadReportTest, LateCountsAnswersOfEveryKindAgainstTheAnswered) {
  LoadReport report;
  report.Add(Answered("prediction", 200, 51ms));
  report.Add(Answered("timeout", 504, 60ms));
  report.Add(Answered("prediction", 200, 49ms));
  report.Add(Answered("prediction", 200, 1h, std::nullopt));  // no budget, never late
  report.Add(Ended(End::kUnanswered));
  EXPECT_EQ(report.late(), 2U);
  EXPECT_DOUBLE_EQ(report.LateRatio(), 0.5);
}

TEST(LoadReportTest, RefusalsAndPredictionsHaveLatenciesOfTheirOwn) {
  LoadReport report;
  report.Add(Answered("refused", 503, 100ns));
  report.Add(Answered("refused", 503, 200ns));
  report.Add(Answered("prediction", 200, 300ns));
  EXPECT_EQ(report.refusal_latency().count(), 2U);
  EXPECT_EQ(report.refusal_latency().Quantile(0.99), 200ns);
  EXPECT_EQ(report.prediction_latency().Quantile(0.5), 300ns);
  EXPECT_EQ(report.latency().count(), 3U);
}

// A server that stands still for 1 s while 100 requests a second are intended: each of them waits
// from its own instant. Counting from when they could be sent would show one slow request and 99
// fast ones.
TEST(LoadReportTest, AStallIsFeltByEveryRequestIntendedDuringIt) {
  LoadReport report;
  for (int i = 0; i < 1000; ++i) {
    const Duration intended = i * 10ms;
    const bool is_in_stall = intended >= 3s && intended < 4s;
    const Duration answered = is_in_stall ? Duration(4s) : intended;
    report.Add(Answered("prediction", 200, answered - intended + 1us));
  }
  EXPECT_EQ(report.late(), 96U);  // all but the last four of the stall, which waited 10 to 40 ms
  EXPECT_GE(report.latency().Quantile(0.95), 500ms);
  EXPECT_GE(report.latency().Quantile(0.99), 900ms);
}

TEST(LoadReportTest, LabelsMadeUpByAServerDoNotGrowWithoutEnd) {
  LoadReport report;
  for (int i = 0; i < 1000; ++i) {
    report.Add(Answered("made-up-" + std::to_string(i), 200, 1ms));
  }
  EXPECT_LE(report.answers().size(), 65U);
  EXPECT_GE(report.answers().at("other"), 900U);
}

TEST(LoadReportTest, GeneratorWasTheLimitWhenItLaggedOrRequestsWaited) {
  LoadReport::Generator generator;
  for (int i = 0; i < 100; ++i) generator.lag.Add(100us);
  EXPECT_FALSE(generator.WasLimit(100));
  generator.waited_for_connection = 2;
  EXPECT_TRUE(generator.WasLimit(100));
  EXPECT_FALSE(generator.WasLimit(1000));
  for (int i = 0; i < 10; ++i) generator.lag.Add(5ms);
  EXPECT_TRUE(generator.WasLimit(1000));
}

LoadTitle Title() {
  LoadTitle title;
  title.server = "127.0.0.1:8080";
  title.target = "POST /reverse";
  title.schedule = "fixed";
  title.connections = 4;
  title.rate = 2.5;
  title.budget = 50ms;
  return title;
}

TEST(LoadReportTest, JsonHoldsTheNumbers) {
  LoadReport report;
  report.SetMeasured(2s);
  Outcome refused = Answered("refused", 503, 1us);
  refused.cause = "no_time";
  report.Add(refused);
  report.Add(Answered("prediction", 200, 256ns));
  report.Add(Ended(End::kReset));
  const std::string json = ToJson(Title(), report);
  EXPECT_THAT(json, HasSubstr(R"("rate_per_second":2.5,"budget_ms":50)"));
  EXPECT_THAT(json, HasSubstr(R"("requests":3,"answered":2,"unanswered":0,"unsent":0)"));
  EXPECT_THAT(json, HasSubstr(R"("reset":1,"eof":0,"connect":0,"malformed":0)"));
  EXPECT_THAT(json, HasSubstr(R"("offered_per_second":1.5)"));
  EXPECT_THAT(json, HasSubstr(R"("goodput_per_second":0.5)"));
  EXPECT_THAT(json, HasSubstr(R"("answers":{"prediction":1,"refused":1})"));
  EXPECT_THAT(json, HasSubstr(R"("causes":{"no_time":1})"));
  EXPECT_THAT(json, HasSubstr(R"("prediction_latency_ms":{"count":1,"mean":0.000256)"));
}

TEST(LoadReportTest, TableSaysWhenTheGeneratorWasTheLimitAndOnlyThen) {
  LoadReport report;
  report.SetMeasured(1s);
  report.Add(Answered("prediction", 200, 1ms));
  EXPECT_THAT(ToTable(Title(), report), Not(HasSubstr("GENERATOR WAS A LIMIT")));
  report.generator().waited_for_connection = 1;
  EXPECT_THAT(ToTable(Title(), report), HasSubstr("GENERATOR WAS A LIMIT"));
  EXPECT_THAT(ToTable(Title(), report), HasSubstr("1 requests waited for one of 4 connections"));
}

TEST(LoadReportTest, ABusyGeneratorIsToldOfAClosedLoop) {
  LoadReport report;
  report.SetMeasured(1s);
  report.Add(Answered("prediction", 200, 1ms));
  LoadTitle title = Title();
  title.rate.reset();
  report.generator().busy_ratio = 0.5;
  EXPECT_THAT(ToTable(title, report), Not(HasSubstr("busy")));
  report.generator().busy_ratio = 0.991;
  EXPECT_THAT(ToTable(title, report), HasSubstr("busy 99 % of the time"));
  EXPECT_THAT(ToTable(Title(), report), Not(HasSubstr("busy")));
  EXPECT_THAT(ToJson(title, report), HasSubstr(R"("busy_ratio":0.991)"));
}

TEST(LoadReportTest, HowConnectionsAreUsedIsPartOfTheReport) {
  const LoadReport report;
  LoadTitle title = Title();
  EXPECT_THAT(ToTable(title, report), HasSubstr(", 4 connections, "));
  title.pipeline = 16;
  EXPECT_THAT(ToTable(title, report), HasSubstr("4 connections with 16 requests under way, "));
  EXPECT_THAT(ToJson(title, report), HasSubstr(R"("pipeline":16,"is_new_connection_each":false)"));
  title.pipeline = 1;
  title.is_one_shot = true;
  EXPECT_THAT(ToTable(title, report), HasSubstr("4 connections, a new one for each request, "));
  EXPECT_THAT(ToJson(title, report), HasSubstr(R"("pipeline":1,"is_new_connection_each":true)"));
}

TEST(LoadReportTest, TableShowsNoControlCharactersOfAServer) {
  LoadReport report;
  report.Add(Answered("\x1b[2J", 200, 1ms));
  EXPECT_THAT(ToTable(Title(), report), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace baton::client
