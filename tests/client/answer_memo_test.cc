// The memo of answers: finds what begins as an earlier one did, and nothing else.
#include "client/lib/answer_memo.h"

#include <gtest/gtest.h>

#include "client/lib/response_parser.h"

namespace baton::client {
namespace {

std::string Text(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Parses `text` and lets the memo learn it as one that came in one piece.
const LoadAnswer& LearnFrom(AnswerMemo& memo, const std::string& text) {
  ResponseParser parser({.keep_body = false});
  EXPECT_EQ(parser.Feed(text).consumed, text.size());
  return memo.Learn(text, parser.response());
}

TEST(AnswerMemoTest, WhatWasLearnedIsFoundWithAnotherBodyOfTheSameLength) {
  AnswerMemo memo;
  LearnFrom(memo, Text("Baton-Answer: fallback\r\nBaton-Cause: no_time\r\nBaton-Budget-Ms: 50\r\n",
                       "abc"));
  const std::string next =
      Text("Baton-Answer: fallback\r\nBaton-Cause: no_time\r\nBaton-Budget-Ms: 50\r\n", "xyz");
  const AnswerMemo::Known* known = memo.Find(next + "HTTP/1.1 200");
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->size, next.size());
  EXPECT_EQ(known->answer.status, 200);
  EXPECT_EQ(known->answer.answer, "fallback");
  EXPECT_EQ(known->answer.cause, "no_time");
  EXPECT_EQ(known->answer.budget, 50ms);
  EXPECT_TRUE(known->answer.keep_alive);
}

TEST(AnswerMemoTest, AnAnswerThatIsNotWholeIsNotFound) {
  AnswerMemo memo;
  const std::string text = Text("", "abc");
  LearnFrom(memo, text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(memo.Find(std::string_view(text).substr(0, size)), nullptr) << size;
  }
  EXPECT_NE(memo.Find(text), nullptr);
}

TEST(AnswerMemoTest, AnotherHeadIsNotFound) {
  AnswerMemo memo;
  LearnFrom(memo, Text("Baton-Answer: prediction\r\n", "abc"));
  EXPECT_EQ(memo.Find(Text("Baton-Answer: preDiction\r\n", "abc")), nullptr);
  EXPECT_EQ(memo.Find(Text("Baton-Answer: prediction\r\n", "abcd")), nullptr);
}

TEST(AnswerMemoTest, SeveralKindsAreKeptAndTheOldestGivesWay) {
  AnswerMemo memo;
  const auto kind = [](std::size_t i) {
    return Text("Baton-Cause: c" + std::to_string(i) + "\r\n", "abc");
  };
  for (std::size_t i = 0; i <= AnswerMemo::kMost; ++i) LearnFrom(memo, kind(i));
  EXPECT_EQ(memo.Find(kind(0)), nullptr);
  for (std::size_t i = 1; i <= AnswerMemo::kMost; ++i) {
    ASSERT_NE(memo.Find(kind(i)), nullptr);
    EXPECT_EQ(memo.Find(kind(i))->answer.cause, "c" + std::to_string(i));
  }
}

TEST(AnswerMemoTest, AHeadWithoutABodyIsKnownByItself) {
  AnswerMemo memo;
  ResponseParser parser;
  parser.Start(true);
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
  parser.Feed(head);
  memo.Learn(head, parser.response());
  ASSERT_NE(memo.Find(head), nullptr);
  EXPECT_EQ(memo.Find(head)->size, head.size());
}

TEST(AnswerMemoTest, ChunkedAnswersAndThoseThatCameInPiecesAreReadAndNotKept) {
  AnswerMemo memo;
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nBaton-Answer: prediction\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(LearnFrom(memo, chunked).answer, "prediction");
  EXPECT_EQ(memo.Find(chunked), nullptr);

  const std::string plain = Text("Baton-Answer: refused\r\n", "abc");
  ResponseParser parser;
  parser.Feed(plain);
  EXPECT_EQ(memo.Learn({}, parser.response()).answer, "refused");
  EXPECT_EQ(memo.Find(plain), nullptr);
}

}  // namespace
}  // namespace baton::client
