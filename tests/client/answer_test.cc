// Reading of the headers that explain an answer.
#include "client/lib/answer.h"

#include <gtest/gtest.h>

namespace baton::client {
namespace {

TEST(AnswerTest, ReadsStagesInTheirOrder) {
  const auto stages = ParseServerTiming("read;dur=0.1, queue;dur=0.05,run;desc=\"x\";dur=12");
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages[0].name, "read");
  EXPECT_EQ(stages[0].time, 100us);
  EXPECT_EQ(stages[1].time, 50us);
  EXPECT_EQ(stages[2].name, "run");
  EXPECT_EQ(stages[2].time, 12ms);
}

TEST(AnswerTest, LeavesOutStagesThatItCannotRead) {
  EXPECT_TRUE(ParseServerTiming("").empty());
  EXPECT_TRUE(ParseServerTiming(",;=,;,").empty());
  EXPECT_TRUE(ParseServerTiming("cache, run;dur=soon, write;dur=-1, read;dur=1e300").empty());
  EXPECT_EQ(ParseServerTiming("cache, run;dur=1").size(), 1U);
}

TEST(AnswerTest, ReadsBudgetsThatAreNumbersOfMilliseconds) {
  EXPECT_EQ(ParseBudgetMs("50"), Duration(50ms));
  EXPECT_EQ(ParseBudgetMs(" 0.25 "), Duration(250us));
  EXPECT_EQ(ParseBudgetMs("0"), Duration(0ms));
  for (const char* bad : {"", "x", "5x", "-1", "nan", "inf", "1e99"}) {
    EXPECT_FALSE(ParseBudgetMs(bad)) << bad;
  }
}

TEST(AnswerTest, NamesAnswersOfOtherServersByTheirStatus) {
  EXPECT_EQ(AnswerKind("refused", 503), "refused");
  EXPECT_EQ(AnswerKind("", 200), "ok");
  EXPECT_EQ(AnswerKind("", 299), "ok");
  EXPECT_EQ(AnswerKind("", 301), "http_301");
  EXPECT_EQ(AnswerKind("", 503), "http_503");
}

TEST(AnswerTest, CollectsWhatTheHeadersSay) {
  Response response;
  response.status = 503;
  response.headers.Add("Baton-Answer", "refused");
  response.headers.Add("baton-cause", "no_time");
  response.headers.Add("Baton-Budget-Ms", "20");
  response.headers.Add("Retry-After", "3");
  response.headers.Add("Server-Timing", "read;dur=1");
  const AnswerInfo info = ReadAnswer(response);
  EXPECT_EQ(info.kind, "refused");
  EXPECT_EQ(info.cause, "no_time");
  EXPECT_EQ(info.budget, Duration(20ms));
  EXPECT_EQ(info.retry_after, "3");
  EXPECT_EQ(info.stages.size(), 1U);
}

}  // namespace
}  // namespace baton::client
