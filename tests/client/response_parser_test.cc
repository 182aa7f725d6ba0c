// The response parser: every split, keep-alive, framing, refused input.
#include "client/lib/response_parser.h"

#include <gtest/gtest.h>

namespace baton::client {
namespace {

using State = ResponseParser::State;

const std::string kPlain =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nBaton-Answer: "
    "refused\r\n"
    "Retry-After:  2 \r\nContent-Length: 17\r\n\r\n{\"error\": \"late\"}";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nBaton-Answer: prediction\r\n\r\n"
    "5\r\nhello\r\n6;note=1\r\n world\r\n0\r\nLate: yes\r\n\r\n";
const std::string kEmpty = "HTTP/1.1 204 No Content\r\nBaton-Answer: x\r\n\r\n";
const std::string kZeroLength = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// Feeds `first` and then the rest; all of it is one response.
Response ParseInTwo(const std::string& text, std::size_t first) {
  ResponseParser parser;
  const std::string_view view(text);
  EXPECT_EQ(parser.Feed(view.substr(0, first)).state,
            first == text.size() ? State::kComplete : State::kNeedMore);
  if (first < text.size()) {
    const ResponseParser::Fed fed = parser.Feed(view.substr(first));
    EXPECT_EQ(fed.state, State::kComplete) << parser.problem();
    EXPECT_EQ(fed.consumed, text.size() - first);
  }
  return parser.TakeResponse();
}

TEST(ResponseParserTest, ReadsTheSameAtEverySplit) {
  for (std::size_t split = 0; split <= kPlain.size(); ++split) {
    SCOPED_TRACE(split);
    const Response response = ParseInTwo(kPlain, split);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "{\"error\": \"late\"}");
    EXPECT_EQ(response.headers.size(), 4U);
    EXPECT_EQ(response.headers.Find("baton-ANSWER"), "refused");
    EXPECT_EQ(response.headers.Find("retry-after"), "2");
    EXPECT_TRUE(response.keep_alive);
  }
}

TEST(ResponseParserTest, ReadsChunksAtEverySplitAndLeavesTrailersOut) {
  for (std::size_t split = 0; split <= kChunked.size(); ++split) {
    SCOPED_TRACE(split);
    const Response response = ParseInTwo(kChunked, split);
    EXPECT_EQ(response.body, "hello world");
    EXPECT_EQ(response.headers.Find("Baton-Answer"), "prediction");
    EXPECT_FALSE(response.headers.Find("Late"));
  }
}

TEST(ResponseParserTest, ReadsByteByByte) {
  ResponseParser parser;
  for (std::size_t i = 0; i < kPlain.size(); ++i) {
    const State state = parser.Feed(std::string_view(kPlain).substr(i, 1)).state;
    EXPECT_EQ(state, i + 1 < kPlain.size() ? State::kNeedMore : State::kComplete);
  }
  EXPECT_EQ(parser.response().body, "{\"error\": \"late\"}");
}

TEST(ResponseParserTest, ReadsOneResponseAfterAnotherOutOfOneBuffer) {
  const std::string all = kPlain + kChunked + kEmpty + kZeroLength + kPlain;
  std::string_view rest(all);
  ResponseParser parser;
  std::vector<int> statuses;
  std::vector<std::size_t> sizes;
  while (!rest.empty()) {
    parser.Start();
    const ResponseParser::Fed fed = parser.Feed(rest);
    ASSERT_EQ(fed.state, State::kComplete);
    statuses.push_back(parser.response().status);
    sizes.push_back(fed.consumed);
    rest.remove_prefix(fed.consumed);
  }
  EXPECT_EQ(statuses, (std::vector<int>{503, 200, 204, 200, 503}));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{kPlain.size(), kChunked.size(), kEmpty.size(),
                                             kZeroLength.size(), kPlain.size()}));
}

TEST(ResponseParserTest, NothingOfAResponseStaysInTheNext) {
  ResponseParser parser;
  parser.Feed(kPlain);
  parser.Start();
  EXPECT_FALSE(parser.HasBegun());
  ASSERT_EQ(parser.Feed(kZeroLength).state, State::kComplete);
  EXPECT_EQ(parser.response().headers.size(), 1U);
  EXPECT_EQ(parser.response().body, "");
  EXPECT_EQ(parser.response().body_bytes, 0U);
}

TEST(ResponseParserTest, TakesNoBytesOnceComplete) {
  ResponseParser parser;
  parser.Feed(kZeroLength);
  EXPECT_EQ(parser.Feed("x").consumed, 0U);
  EXPECT_EQ(parser.Feed("x").state, State::kComplete);
}

TEST(ResponseParserTest, ConnectionCloseEndsKeepAlive) {
  ResponseParser parser;
  parser.Feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(parser.response().keep_alive);
  parser.Start();
  parser.Feed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(parser.response().keep_alive);
  parser.Start();
  parser.Feed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(parser.response().keep_alive);
}

TEST(ResponseParserTest, AnAnswerToHeadHasNoBodyWhateverItsLength) {
  ResponseParser parser;
  parser.Start(true);
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n").state, State::kComplete);
  EXPECT_EQ(parser.response().headers.Find("Content-Length"), "500");
}

TEST(ResponseParserTest, InformationalResponsesAreSkipped) {
  ResponseParser parser;
  const std::string text = "HTTP/1.1 100 Continue\r\nHint: a\r\n\r\n" + kPlain;
  const ResponseParser::Fed fed = parser.Feed(text);
  EXPECT_EQ(fed.state, State::kComplete);
  EXPECT_EQ(fed.consumed, text.size());
  EXPECT_EQ(parser.response().status, 503);
  EXPECT_FALSE(parser.response().headers.Find("Hint"));
}

TEST(ResponseParserTest, ABodyWithoutLengthEndsWithTheConnection) {
  ResponseParser parser;
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\n\r\nabc").state, State::kNeedMore);
  EXPECT_EQ(parser.FeedEof(), State::kComplete);
  EXPECT_EQ(parser.response().body, "abc");
  EXPECT_FALSE(parser.response().keep_alive);
}

TEST(ResponseParserTest, AConnectionThatEndsTooEarlyIsMalformedAtEveryByte) {
  for (std::size_t size = 0; size < kPlain.size(); ++size) {
    ResponseParser parser;
    parser.Feed(std::string_view(kPlain).substr(0, size));
    EXPECT_EQ(parser.FeedEof(), State::kMalformed) << size;
    EXPECT_FALSE(parser.problem().empty());
  }
}

TEST(ResponseParserTest, WhatIsNotHttpIsMalformedWithAReason) {
  const std::vector<std::string> samples = {
      "hello\r\n\r\n",
      "HTTP/1.1 abc\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      "\x16\x03\x01 no plain text",
  };
  for (const std::string& sample : samples) {
    ResponseParser parser;
    EXPECT_EQ(parser.Feed(sample).state, State::kMalformed) << sample;
    EXPECT_FALSE(parser.problem().empty()) << sample;
    EXPECT_EQ(parser.Feed(kPlain).state, State::kMalformed) << sample;
  }
}

TEST(ResponseParserTest, HeadersAndBodiesHaveLimits) {
  ResponseParserOptions options;
  options.max_header_bytes = 20;
  options.max_body_bytes = 4;
  ResponseParser parser(options);
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nName: 0123456789012345\r\n").state, State::kNeedMore);
  parser.Start();
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nName: 01234567890123456\r\n").state, State::kMalformed);
  EXPECT_EQ(parser.problem(), "the headers are larger than the client takes");
  parser.Start();
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\n\r\n1234").state, State::kNeedMore);
  EXPECT_EQ(parser.Feed("5").state, State::kMalformed);
  EXPECT_EQ(parser.problem(), "the body is larger than the client takes");
}

TEST(ResponseParserTest, CountsABodyThatItDoesNotKeep) {
  ResponseParserOptions options;
  options.keep_body = false;
  ResponseParser parser(options);
  EXPECT_EQ(parser.Feed(kPlain).state, State::kComplete);
  EXPECT_EQ(parser.response().body, "");
  EXPECT_EQ(parser.response().body_bytes, 17U);
}

TEST(ResponseParserTest, StaysUsableAfterItsMove) {
  ResponseParser first;
  first.Feed(std::string_view(kPlain).substr(0, 40));
  ResponseParser second = std::move(first);
  EXPECT_EQ(second.Feed(std::string_view(kPlain).substr(40)).state, State::kComplete);
  EXPECT_EQ(second.response().headers.Find("Baton-Answer"), "refused");
}

}  // namespace
}  // namespace baton::client
