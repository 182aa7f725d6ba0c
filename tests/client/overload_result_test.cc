// Figures of steps, and medians of them.
#include "client/lib/overload_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Outcome Answered(std::string_view answer, std::string_view cause, Duration latency) {
  Outcome outcome;
  outcome.latency = latency;
  outcome.status = answer == "prediction" ? 200 : 503;
  outcome.answer = answer;
  outcome.cause = cause;
  outcome.budget = 50ms;
  return outcome;
}

TEST(SpreadTest, IsTheMedianWithTheExtremes) {
  const Spread odd = SpreadOf({3, 1, 2});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.low, 1);
  EXPECT_EQ(odd.high, 3);
  EXPECT_EQ(SpreadOf({4, 1, 2, 9}).median, 3);
  EXPECT_EQ(SpreadOf({}).median, 0);
}

TEST(OverloadStepTest, EveryRequestIsGoodOrAMissOfOneCause) {
  LoadReport report;
  report.SetMeasured(2s);
  for (int i = 0; i < 4; ++i) report.Add(Answered("prediction", "", 1ms));
  report.Add(Answered("prediction", "", 51ms));
  report.Add(Answered("refused", "no_time", 100ns));
  report.Add(Answered("refused", "no_time", 200ns));
  report.Add(Answered("timeout", "expired_in_queue", 60ms));
  report.Add(Answered("", "", 1ms));  // 503 of somebody else
  Outcome lost;
  lost.end = End::kReset;
  report.Add(lost);
  const OverloadStep step = StepOf(2, report);
  EXPECT_EQ(step.factor, 2);
  EXPECT_EQ(step.offered.median, 5);
  EXPECT_EQ(step.goodput.median, 2);
  EXPECT_THAT(step.misses, ElementsAre(Pair("expired_in_queue", 0.5), Pair("late_prediction", 0.5),
                                       Pair("no_time", 1), Pair("other", 0.5), Pair("reset", 0.5)));
  EXPECT_EQ(step.late, 2);
  EXPECT_DOUBLE_EQ(step.in_budget_ratio, 0.7);
  EXPECT_EQ(step.refuse_p50, 100ns);
  EXPECT_EQ(step.refuse_p99, 200ns);
  EXPECT_EQ(step.prediction_p99, 51ms);
}

TEST(OverloadStepTest, WhatNeverHappenedHasNoTime) {
  const OverloadStep step = StepOf(1, LoadReport());
  EXPECT_EQ(step.refuse_p50, std::nullopt);
  EXPECT_EQ(step.refuse_p99, std::nullopt);
  EXPECT_EQ(step.prediction_p99, std::nullopt);
  EXPECT_EQ(step.in_budget_ratio, 0);
  EXPECT_THAT(step.misses, IsEmpty());
}

OverloadStep RunOf(double goodput) {
  OverloadStep run;
  run.factor = 3;
  run.offered = SpreadOf({300});
  run.goodput = SpreadOf({goodput});
  return run;
}

TEST(OverloadStepTest, RepeatsBecomeTheirMedians) {
  std::vector<OverloadStep> runs = {RunOf(90), RunOf(70), RunOf(80)};
  runs[0].misses = {{"no_time", 10}, {"reset", 5}};
  runs[1].misses = {{"no_time", 30}};
  runs[2].misses = {{"no_time", 20}};
  runs[0].late = 9;
  runs[1].in_budget_ratio = 0.5;
  runs[2].in_budget_ratio = 1;
  runs[0].refuse_p99 = 4ms;
  runs[1].refuse_p99 = 2ms;
  const OverloadStep step = MedianStep(runs);
  EXPECT_EQ(step.factor, 3);
  EXPECT_EQ(step.goodput.median, 80);
  EXPECT_EQ(step.goodput.low, 70);
  EXPECT_EQ(step.goodput.high, 90);
  EXPECT_THAT(step.misses, ElementsAre(Pair("no_time", 20)));
  EXPECT_EQ(step.late, 0);
  EXPECT_EQ(step.in_budget_ratio, 0.5);
  EXPECT_EQ(step.refuse_p99, 3ms);  // of the two that refused
  EXPECT_EQ(step.prediction_p99, std::nullopt);
}

TEST(OverloadStepTest, OneRunLimitedByTheGeneratorMarksTheStep) {
  std::vector<OverloadStep> runs = {RunOf(1), RunOf(1), RunOf(1)};
  EXPECT_FALSE(MedianStep(runs).was_limited);
  runs[1].was_limited = true;
  runs[1].lag_p99 = 7ms;
  runs[2].waited_for_connection = 5;
  const OverloadStep step = MedianStep(runs);
  EXPECT_TRUE(step.was_limited);
  EXPECT_EQ(step.lag_p99, 7ms);
  EXPECT_EQ(step.waited_for_connection, 5);
}

TEST(OverloadResultTest, ThePeakIsTheHighestStepOfAnyCurve) {
  OverloadResult result;
  EXPECT_EQ(result.Peak(), 0);
  result.curves.resize(2);
  result.curves[0].steps = {RunOf(90), RunOf(80)};
  result.curves[1].steps = {RunOf(70), RunOf(95)};
  EXPECT_EQ(result.Peak(), 95);
}

}  // namespace
}  // namespace baton::client
