#include "server/trace/post_retry.h"

#include <gtest/gtest.h>

namespace baton::trace {
namespace {

using Kind = Verdict::Kind;

PostAnswer Answer(int status, std::string body = "") {
  PostAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

TEST(PostRetryTest, OnlyWhatTheProtocolSaysIsTriedAgain) {
  for (const int status : {429, 502, 503, 504}) {
    EXPECT_EQ(Judge(Answer(status), 5).kind, Kind::kRetry) << status;
  }
  for (const int status : {100, 301, 302, 400, 401, 403, 404, 413, 415, 500, 501, 505}) {
    EXPECT_EQ(Judge(Answer(status), 5).kind, Kind::kRejected) << status;
  }
  EXPECT_EQ(Judge(Answer(200), 5).kind, Kind::kTaken);
  EXPECT_EQ(Judge(Answer(202), 5).kind, Kind::kTaken);
  PostAnswer none;
  none.error = "connection refused";
  EXPECT_EQ(Judge(none, 5).kind, Kind::kRetry);
  EXPECT_EQ(Judge(none, 5).why, "connection refused");
}

TEST(PostRetryTest, WhatWasRejectedOfAMessageIsCounted) {
  const auto rejected = [](const char* body) { return Judge(Answer(200, body), 5).rejected; };
  EXPECT_EQ(rejected(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})"), 3u);
  EXPECT_EQ(rejected(R"({"partialSuccess": {"rejectedSpans" : 2}})"), 2u);
  EXPECT_EQ(rejected(R"({"partialSuccess":{"rejectedSpans":"99999999999999"}})"), 5u);
  for (const char* body : {"", "{}", R"({"partialSuccess":{}})", "\"rejectedSpans\"", "<html>",
                           R"({"rejectedSpans":"x"})", R"({"rejectedSpans":-1})"}) {
    EXPECT_EQ(rejected(body), 0u) << body;
    EXPECT_EQ(Judge(Answer(200, body), 5).why, "") << body;
  }
}

TEST(PostRetryTest, ItSaysWhyInAShortLine) {
  EXPECT_EQ(Judge(Answer(400, "no such tenant"), 5).why, "it answered 400 no such tenant");
  EXPECT_LT(Judge(Answer(400, std::string(50'000, 'x')), 5).why.size(), 300u);
}

TEST(PostRetryTest, PausesGrowWithChanceInThem) {
  EXPECT_EQ(PauseAfter(1, std::nullopt, 0), 250ms);
  EXPECT_EQ(PauseAfter(1, std::nullopt, 1), 500ms);
  EXPECT_EQ(PauseAfter(3, std::nullopt, 1), 2s);
  EXPECT_EQ(PauseAfter(7, std::nullopt, 1), 30s);
  EXPECT_EQ(PauseAfter(1'000'000, std::nullopt, 0), 15s);
}

TEST(PostRetryTest, ACollectorMayAskForMore) {
  EXPECT_EQ(PauseAfter(1, 7s, 1), 7s);
  EXPECT_EQ(PauseAfter(7, 1s, 1), 30s);
}

}  // namespace
}  // namespace baton::trace
