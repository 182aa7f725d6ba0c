// Answers as HTTP, made one by one and from what was written before.
#include "server/api/answer_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/refusal_text.h"

namespace baton::api {
namespace {

using serve::Answer;
using serve::Cause;
using testing::HasSubstr;
using testing::Not;

AnswerView Fallback(std::optional<Duration> age) {
  AnswerView view;
  view.answer = Answer::kFallback;
  view.cause = Cause::kNoTime;
  view.age = age;
  return view;
}

TEST(AnswerResponseTest, AFallbackSaysItsAgeInWholeSecondsRoundedDown) {
  const std::vector<std::pair<Duration, std::string>> table = {
      {0ns, "Age: 0\r\n"}, {999ms, "Age: 0\r\n"}, {2999ms, "Age: 2\r\n"}, {24h, "Age: 86400\r\n"}};
  for (const auto& [age, header] : table) {
    const http::Response response = MakeResponse(Fallback(age), "{}");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "{}");
    EXPECT_EQ(response.headers, "Baton-Answer: fallback\r\nBaton-Cause: no_time\r\n" + header);
  }
}

TEST(AnswerResponseTest, WhatWasNoAnswerBeforeHasNoAge) {
  EXPECT_THAT(MakeResponse(Fallback({}), "{}").headers, Not(HasSubstr("Age")));
}

TEST(AnswerResponseTest, WhatTheCacheDidIsSaidOfAPrediction) {
  AnswerView view;
  view.answer = Answer::kPrediction;
  view.cache = serve::CacheState::kMiss;
  EXPECT_EQ(MakeResponse(view, "{}").headers, "Baton-Answer: prediction\r\nBaton-Cache: miss\r\n");
  view.cache = serve::CacheState::kJoined;
  EXPECT_THAT(MakeResponse(view, "{}").headers, HasSubstr("Baton-Cache: joined\r\n"));
  view.cache = serve::CacheState::kHit;
  view.age = 2999ms;
  EXPECT_EQ(MakeResponse(view, "{}").headers,
            "Baton-Answer: prediction\r\nBaton-Cache: hit\r\nAge: 2\r\n");
}

TEST(AnswerResponseTest, GzipIsSaidWithVaryAndVaryAloneWhereItMightHaveBeen) {
  AnswerView view;
  view.answer = Answer::kPrediction;
  const std::string plain = MakeResponse(view, "{}").headers;
  EXPECT_EQ(plain, "Baton-Answer: prediction\r\n");
  view.may_be_gzip = true;
  EXPECT_EQ(MakeResponse(view, "{}").headers, plain + "Vary: Accept-Encoding\r\n");
  view.is_gzip = true;
  EXPECT_EQ(MakeResponse(view, "{}").headers,
            plain + "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
}

TEST(AnswerResponseTest, B7_RawTensorsAreSaidWithTheHeaderAndTheContentType) {
  AnswerView view;
  view.answer = Answer::kPrediction;
  view.json_bytes = 2;
  const http::Response response = MakeResponse(view, "{}raw");
  EXPECT_EQ(response.content_type, "application/octet-stream");
  EXPECT_EQ(response.headers, "Baton-Answer: prediction\r\nInference-Header-Content-Length: 2\r\n");
  EXPECT_EQ(response.body, "{}raw");
  view.answer = Answer::kTimeout;
  EXPECT_EQ(MakeResponse(view, "{}raw").content_type, "application/json");
  EXPECT_THAT(MakeResponse(view, "{}raw").headers, Not(HasSubstr("Inference")));
}

TEST(RefusalTextTest, SaysWhatAnAnswerMadeForItSays) {
  const std::vector<std::optional<Duration>> budgets = {std::nullopt, 0ns, 50ms,
                                                        12500us,      1h,  123'456'789ns};
  const std::vector<Duration> waits = {-1s, 0ns, 1ns, 1s, 1001ms, 100h};
  for (const Answer answer : {Answer::kRefused, Answer::kTimeout}) {
    for (const Cause cause : serve::kAllCauses) {
      const RefusalText text(answer, cause);
      for (const auto& budget : budgets) {
        for (const Duration wait : waits) {
          AnswerView view;
          view.answer = answer;
          view.cause = cause;
          view.granted_budget = budget;
          view.retry_after = wait;
          const http::Response expected = MakeResponse(view, {});
          const http::Response got = text.Make(budget, wait);
          EXPECT_EQ(got.status, answer == Answer::kRefused ? 503 : 504);
          EXPECT_EQ(got.status, expected.status);
          EXPECT_EQ(got.headers, expected.headers);
          EXPECT_EQ(got.body, expected.body);
          EXPECT_EQ(got.content_type, expected.content_type);
        }
      }
    }
  }
}

}  // namespace
}  // namespace baton::api
