// Each limit at its edge: as much as allowed passes, one more does not, however the bytes arrive.
#include <algorithm>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "server/http/request_parser.h"
#include "tests/http/parse_outcome.h"
#include "tests/http/samples.h"

namespace baton::http {
namespace {

Limits SmallLimits() {
  return Limits{.request_line_bytes = 40,
                .header_bytes = 60,
                .header_count = 4,
                .body_bytes = 10,
                .chunk_extension_bytes = 8,
                .trailer_bytes = 12};
}

void ExpectTaken(const std::string& bytes) {
  const Outcome whole = ParseWhole(bytes, SmallLimits());
  EXPECT_EQ(whole.requests.size(), 1U) << whole.status << " " << whole.message;
  EXPECT_EQ(whole.state, ParseState::kHead);
  EXPECT_EQ(ParseByteByByte(bytes, SmallLimits()), whole);
}

void ExpectRefused(const std::string& bytes, int status, std::string_view reason) {
  const Outcome whole = ParseWhole(bytes, SmallLimits());
  EXPECT_EQ(whole.status, status);
  EXPECT_EQ(whole.reason, reason);
  EXPECT_EQ(whole.requests.size(), 0U);
  EXPECT_EQ(ParseByteByByte(bytes, SmallLimits()), whole);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    EXPECT_EQ(ParseSplit(bytes, at, SmallLimits()), whole) << "split at " << at;
  }
}

std::string LineOf(std::size_t size) {
  constexpr std::string_view kRest = "GET / HTTP/1.1";
  return "GET /" + std::string(size - kRest.size(), 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

// Header lines of `size` bytes in all.
std::string HeadersOf(std::size_t size) {
  constexpr std::string_view kRest = "Host: h\r\nA: \r\n";
  return "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(size - kRest.size(), 'a') + "\r\n\r\n";
}

std::string CountOf(int lines) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 1; i < lines; ++i) bytes += "A: b\r\n";
  return bytes + "\r\n";
}

std::string BodyOf(std::size_t size) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
         std::string(size, 'a');
}

TEST(ParserLimitsTest, TheRequestLineHasItsLimit) {
  ExpectTaken(LineOf(40));
  ExpectRefused(LineOf(41), 414, "request_line_too_long");
}

TEST(ParserLimitsTest, AnEmptyLineBeforeDoesNotCount) { ExpectTaken("\r\n" + LineOf(40)); }

TEST(ParserLimitsTest, HeaderLinesHaveTheirLimit) {
  ExpectTaken(HeadersOf(60));
  ExpectRefused(HeadersOf(61), 431, "headers_too_large");
}

TEST(ParserLimitsTest, BlanksCountAsHeaderBytes) {
  ExpectRefused("GET / HTTP/1.1\r\nHost: h\r\nA:" + std::string(60, ' ') + "b\r\n\r\n", 431,
                "headers_too_large");
}

TEST(ParserLimitsTest, HeadersAreCounted) {
  ExpectTaken(CountOf(4));
  ExpectRefused(CountOf(5), 431, "too_many_headers");
}

TEST(ParserLimitsTest, ABodyHasItsLimit) {
  ExpectTaken(BodyOf(10));
  ExpectRefused(BodyOf(11), 413, "body_too_large");
}

TEST(ParserLimitsTest, ATooLargeBodyIsRefusedBeforeItComes) {
  RequestParser parser(SmallLimits());
  parser.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(parser.state(), ParseState::kRefused);
}

TEST(ParserLimitsTest, ChunksAddUpToTheBody) {
  ExpectTaken(Chunked("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"));
  ExpectRefused(Chunked("5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n"), 413, "body_too_large");
}

TEST(ParserLimitsTest, ATooLargeChunkIsRefusedBeforeItComes) {
  RequestParser parser(SmallLimits());
  parser.Feed(Chunked("b\r\n"));
  EXPECT_EQ(parser.state(), ParseState::kRefused);
}

TEST(ParserLimitsTest, ExtensionsOfOneChunkHaveTheirLimit) {
  ExpectTaken(Chunked("1;abcdefg\r\na\r\n0\r\n\r\n"));
  ExpectRefused(Chunked("1;abcdefgh\r\na\r\n0\r\n\r\n"), 400, "chunk_extensions_too_large");
}

TEST(ParserLimitsTest, ExtensionsOfAllChunksAddUp) {
  ExpectTaken(Chunked("1;abc\r\na\r\n01;a\r\na\r\n0;b\r\n\r\n"));
  ExpectRefused(Chunked("1;abc\r\na\r\n01;a\r\na\r\n0;bc\r\n\r\n"), 400,
                "chunk_extensions_too_large");
}

TEST(ParserLimitsTest, TrailersHaveTheirLimit) {
  ExpectTaken(Chunked("0\r\nA: bcdefgh\r\n\r\n"));
  ExpectRefused(Chunked("0\r\nA: bcdefghi\r\n\r\n"), 431, "trailers_too_large");
}

TEST(ParserLimitsTest, LimitsStartAnewWithEveryRequest) {
  const std::string chunked = Chunked("1;abcdefg\r\na\r\n0\r\nA: bcdefgh\r\n\r\n");
  const std::string bytes =
      chunked + chunked + HeadersOf(60) + CountOf(4) + LineOf(40) + BodyOf(10);
  EXPECT_EQ(ParseWhole(bytes, SmallLimits()).requests.size(), 6U);
  EXPECT_EQ(ParseByteByByte(bytes, SmallLimits()).requests.size(), 6U);
}

TEST(ParserLimitsTest, AnAnnouncedBodyCostsNothingBeforeItComes) {
  RequestParser parser{Limits{}};
  parser.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
  EXPECT_LT(parser.partial().body.capacity(), 100U);
  parser.Feed("a");
  EXPECT_LE(parser.partial().body.capacity(), 64U * 1024 + 64);
}

TEST(ParserLimitsTest, AnAnnouncedBodyCostsAFewTimesWhatHasCome) {
  RequestParser parser{Limits{}};
  parser.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
  for (std::size_t come = 10'000; come <= 300'000; come += 10'000) {
    parser.Feed(std::string(10'000, 'a'));
    EXPECT_LE(parser.partial().body.capacity(), std::max<std::size_t>(64 * 1024, 8 * come) + 64);
  }
}

// The head of a body of `size` bytes and its first `come`, fed.
RequestParser ParserWithin(std::size_t size, std::size_t come) {
  RequestParser parser{Limits{}};
  parser.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  parser.Feed(std::string(come, 'a'));
  return parser;
}

// As a connection does that has `bytes` of the body to read.
void ReadInto(std::span<char> room, RequestParser& parser, std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), room.begin());
  EXPECT_EQ(parser.Feed({room.data(), bytes.size()}).consumed, bytes.size());
}

TEST(ParserLimitsTest, WhatIsReadIntoTheRoomOfABodyIsNotCopied) {
  RequestParser parser = ParserWithin(1'000'000, 200'000);
  const std::span<char> room = parser.BodyRoom();
  ASSERT_GT(room.size(), 100'000u);
  EXPECT_EQ(room.data(), parser.partial().body.data() + 200'000);
  ReadInto(room, parser, std::string(70'000, 'b'));
  EXPECT_EQ(parser.BodyBytesLeft(), 730'000u);
  EXPECT_EQ(parser.BodyRoom().data(), room.data() + 70'000);
}

TEST(ParserLimitsTest, ABodyIsWholeInWhateverTurnsItIsReadIntoItsRoomOrFed) {
  std::string expected(100'000, 'a');
  RequestParser parser = ParserWithin(500'000, expected.size());
  for (int turn = 0; parser.state() == ParseState::kBody; ++turn) {
    const std::span<char> room = parser.BodyRoom();
    const bool is_fed = room.empty() || turn % 3 == 0;
    const std::size_t size = std::min<std::size_t>(is_fed ? 7'000 : room.size(), 31'000);
    const std::string bytes(std::min<std::size_t>(size, 500'000 - expected.size()),
                            static_cast<char>('b' + turn % 20));
    expected += bytes;
    is_fed ? static_cast<void>(parser.Feed(bytes)) : ReadInto(room, parser, bytes);
  }
  ASSERT_EQ(parser.state(), ParseState::kComplete);
  EXPECT_EQ(parser.request().body, expected);
  EXPECT_GE(parser.request().body.capacity(), 500'064u);
  parser.Next();
  EXPECT_TRUE(parser.BodyRoom().empty());
}

TEST(ParserLimitsTest, TheRoomOfABodyIsNoLargerThanWhatHasCome) {
  for (const std::size_t come : {1U, 10'000U, 40'000U, 100'000U, 300'000U}) {
    RequestParser parser = ParserWithin(8'388'608, come);
    EXPECT_LE(parser.BodyRoom().size(), come);
    EXPECT_LE(parser.held_bytes(), 2 * come + 200);  // and the head
    EXPECT_LE(parser.partial().body.capacity(), std::max<std::size_t>(64 * 1024, 8 * come) + 64);
  }
}

TEST(ParserLimitsTest, TheRoomOfABodyEndsWithTheBody) {
  EXPECT_EQ(ParserWithin(120'000, 100'000).BodyRoom().size(), 20'000u);
}

TEST(ParserLimitsTest, OutsideOfABodyThatIsKeptThereIsNoRoomForIt) {
  RequestParser parser{Limits{}};
  EXPECT_TRUE(parser.BodyRoom().empty());
  parser.Feed("POST / HTTP/1.1\r\n");
  EXPECT_TRUE(parser.BodyRoom().empty());
  RequestParser forgetting = ParserWithin(200'000, 100'000);
  forgetting.TakeHead(200'000);
  EXPECT_TRUE(forgetting.BodyRoom().empty());
  RequestParser chunked{Limits{}};
  chunked.Feed(Chunked("100000\r\n" + std::string(100'000, 'a')));
  EXPECT_TRUE(chunked.BodyRoom().empty());
}

TEST(ParserLimitsTest, ABodyHasRoomForReadersThatLookBeyondItsEnd) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 64U, 1000U, 200'000U}) {
    for (const std::size_t piece : {std::size_t{1000}, std::string::npos}) {
      const std::string bytes = BodyOf(size);
      RequestParser parser{Limits{}};
      for (std::size_t at = 0; at < bytes.size();) {
        at += parser.Feed(std::string_view(bytes).substr(at, piece)).consumed;
      }
      ASSERT_EQ(parser.state(), ParseState::kComplete);
      EXPECT_EQ(parser.request().body, std::string(size, 'a'));
      EXPECT_GE(parser.request().body.capacity(), size + 64);
    }
  }
}

TEST(ParserLimitsTest, AChunkedBodyHasRoomForReadersThatLookBeyondItsEnd) {
  std::string raw;
  for (int i = 0; i < 1000; ++i) raw += "7\r\nabcdefg\r\n";
  RequestParser parser{Limits{}};
  parser.Feed(Chunked(raw + "0\r\n\r\n"));
  ASSERT_EQ(parser.state(), ParseState::kComplete);
  EXPECT_EQ(parser.request().body.size(), 7000U);
  EXPECT_GE(parser.request().body.capacity(), 7064U);
}

}  // namespace
}  // namespace baton::http
