// The parser over every sample, however its bytes arrive.
#include "server/http/request_parser.h"

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/parse_outcome.h"
#include "tests/http/samples.h"

namespace baton::http {
namespace {

using testing::HasSubstr;

// Long samples are flat inside: their ends are where splits matter.
constexpr std::size_t kEverySplitBytes = 600;

TEST(RequestParserTest, EveryGoodSampleSaysWhatItShould) {
  for (const GoodSample& sample : GoodSamples()) {
    SCOPED_TRACE(sample.name);
    const Outcome outcome = ParseWhole(sample.bytes);
    EXPECT_EQ(outcome.requests, sample.requests);
    EXPECT_EQ(outcome.state, ParseState::kHead) << outcome.reason << ": " << outcome.message;
    EXPECT_EQ(outcome.consumed, sample.bytes.size());
  }
}

TEST(RequestParserTest, EveryRefusedSampleHasItsStatusAndReason) {
  for (const RefusedSample& sample : RefusedSamples()) {
    SCOPED_TRACE(sample.name);
    const Outcome outcome = ParseWhole(sample.bytes);
    EXPECT_EQ(outcome.state, ParseState::kRefused);
    EXPECT_EQ(outcome.status, sample.status) << outcome.message;
    EXPECT_EQ(outcome.reason, sample.reason) << outcome.message;
    EXPECT_EQ(outcome.requests.size(), 0U);
    EXPECT_FALSE(outcome.message.empty());
    EXPECT_TRUE(std::all_of(outcome.message.begin(), outcome.message.end(),
                            [](char c) { return c >= 0x20 && c < 0x7F; }));
  }
}

TEST(RequestParserTest, RefusedSamplesAreManyAndDriveEveryReason) {
  std::set<std::string_view> reasons;
  for (const RefusedSample& sample : RefusedSamples()) reasons.insert(sample.reason);
  const auto all = AllRefusalReasons();
  EXPECT_EQ(reasons, std::set<std::string_view>(all.begin(), all.end()));
  EXPECT_EQ(reasons.size(), all.size());
  EXPECT_GE(RefusedSamples().size(), 80U);
}

TEST(RequestParserTest, SplittingChangesNothing) {
  const auto check = [](std::string_view name, const std::string& bytes) {
    SCOPED_TRACE(name);
    const Outcome whole = ParseWhole(bytes);
    EXPECT_EQ(ParseByteByByte(bytes), whole);
    for (std::size_t at = 1; at < std::min(bytes.size(), kEverySplitBytes); ++at) {
      EXPECT_EQ(ParseSplit(bytes, at), whole) << "split at " << at;
      EXPECT_EQ(ParseSplit(bytes, bytes.size() - at), whole)
          << "split at " << at << " from the end";
    }
  };
  for (const GoodSample& sample : GoodSamples()) check(sample.name, sample.bytes);
  for (const RefusedSample& sample : RefusedSamples()) check(sample.name, sample.bytes);
}

// Covers bare CR and LF, NUL and DEL in every place that a head has.
TEST(RequestParserTest, NoControlCharacterIsTakenAnywhereInAHead) {
  std::string controls = "\x7f";
  for (char c = 0; c < 0x20; ++c) {
    if (c != '\t') controls += c;
  }
  for (const GoodSample& sample : GoodSamples()) {
    if (sample.bytes.starts_with('\r')) continue;
    const std::size_t head_end = sample.bytes.find("\r\n\r\n") + 4;
    for (std::size_t at = 0; at + 1 < head_end; ++at) {
      for (const char c : controls) {
        std::string inserted = sample.bytes;
        inserted.insert(at, 1, c);
        EXPECT_EQ(ParseWhole(inserted).status, 400)
            << sample.name << ", " << int{c} << " at " << at;
        if (sample.bytes[at] == c) continue;
        std::string replaced = sample.bytes;
        replaced[at] = c;
        EXPECT_EQ(ParseWhole(replaced).status, 400)
            << sample.name << ", " << int{c} << " at " << at;
      }
    }
  }
}

TEST(RequestParserTest, AGoodRequestBeforeARefusedOneIsStillTaken) {
  const std::string good = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const RefusedSample& sample : RefusedSamples()) {
    SCOPED_TRACE(sample.name);
    const Outcome outcome = ParseWhole(good + sample.bytes);
    EXPECT_EQ(outcome.requests.size(), 1U);
    EXPECT_EQ(outcome.reason, sample.reason);
  }
}

TEST(RequestParserTest, FeedStopsAtTheEndOfEachRequest) {
  for (const GoodSample& sample : GoodSamples()) {
    if (sample.requests.size() != 1) continue;
    SCOPED_TRACE(sample.name);
    RequestParser parser{Limits{}};
    const auto progress = parser.Feed(sample.bytes + "\r\n\r\n\0garbage");
    EXPECT_EQ(progress.consumed, sample.bytes.size());
    EXPECT_EQ(progress.state, ParseState::kComplete);
  }
}

TEST(RequestParserTest, AHundredRequestsInOnePieceComeOutInOrder) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  const Outcome outcome = ParseWhole(bytes);
  ASSERT_EQ(outcome.requests.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_THAT(outcome.requests[i], HasSubstr("path=/" + std::to_string(i) + " "));
  }
}

TEST(RequestParserTest, TheStateFollowsTheBytes) {
  RequestParser parser{Limits{}};
  EXPECT_TRUE(parser.IsBetweenRequests());
  parser.Feed("\r\n");
  EXPECT_TRUE(parser.IsBetweenRequests());
  parser.Feed("P");
  EXPECT_FALSE(parser.IsBetweenRequests());
  EXPECT_EQ(parser.state(), ParseState::kHead);
  parser.Feed("OST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r");
  EXPECT_EQ(parser.state(), ParseState::kHead);
  parser.Feed("\n");
  EXPECT_EQ(parser.state(), ParseState::kBody);
  parser.Feed("a");
  EXPECT_EQ(parser.state(), ParseState::kBody);
  EXPECT_EQ(parser.Feed("bGET").consumed, 1U);
  EXPECT_EQ(parser.state(), ParseState::kComplete);
  parser.Next();
  EXPECT_TRUE(parser.IsBetweenRequests());
}

TEST(RequestParserTest, ARefusalKeepsWhatIsKnownOfTheRequest) {
  RequestParser parser{Limits{}};
  parser.Feed("POST /a/../b HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n");
  ASSERT_EQ(parser.state(), ParseState::kRefused);
  EXPECT_EQ(parser.partial().method, Method::kPost);
  EXPECT_EQ(parser.partial().path, "/b");
}

TEST(RequestParserTest, ARefusalNamesWhatCame) {
  EXPECT_THAT(ParseWhole("GET / HTTP/3.7\r\n\r\n").message, HasSubstr("got 'HTTP/3.7'"));
  EXPECT_THAT(ParseWhole("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").message, HasSubstr("got 'a b'"));
  EXPECT_THAT(ParseWhole(WithHeaders("Expect: \xff" + std::string(200, 'e') + "\r\n")).message,
              HasSubstr("got '?" + std::string(47, 'e') + "...'"));
}

TEST(RequestParserTest, AMovedParserGoesOn) {
  RequestParser first{Limits{}};
  first.Feed("GET / HTTP/1.1\r\nHo");
  RequestParser second = std::move(first);
  EXPECT_EQ(second.Feed("st: h\r\n\r\n").state, ParseState::kComplete);
  EXPECT_EQ(second.request().Header("host"), "h");
}

TEST(RequestParserTest, HeadersAreFoundInAnyCaseAndTheFirstWins) {
  RequestParser parser{Limits{}};
  parser.Feed(WithHeaders("X-A: 1\r\nx-a: 2\r\nX-Ab: 3\r\nEmpty:\r\n"));
  const Request request = std::move(parser.request());
  EXPECT_EQ(request.Header("x-A"), "1");
  EXPECT_EQ(request.Header("X-AB"), "3");
  EXPECT_EQ(request.Header("empty"), "");
  EXPECT_FALSE(request.Header("X").has_value());
}

class ContinueTest : public testing::Test {
 protected:
  RequestParser::Progress FeedHead(std::string_view lines, std::string_view version = "HTTP/1.1") {
    return parser_.Feed("POST / " + std::string(version) +
                        "\r\nHost: h\r\nExpect: 100-continue\r\n" + std::string(lines) + "\r\n");
  }

  RequestParser parser_{Limits{}};
};

TEST_F(ContinueTest, IsDueOnceWhenTheHeadEnds) {
  FeedHead("Content-Length: 2\r\n");
  EXPECT_TRUE(parser_.TakeExpectContinue());
  EXPECT_FALSE(parser_.TakeExpectContinue());
  EXPECT_EQ(parser_.Feed("ab").state, ParseState::kComplete);
  EXPECT_EQ(parser_.request().body, "ab");
}

TEST_F(ContinueTest, IsDueForChunksToo) {
  FeedHead("Transfer-Encoding: chunked\r\n");
  EXPECT_TRUE(parser_.TakeExpectContinue());
  EXPECT_EQ(parser_.Feed("1\r\na\r\n0\r\n\r\n").state, ParseState::kComplete);
}

TEST_F(ContinueTest, IsNotDueOnceTheBodyHasBegun) {
  FeedHead("Content-Length: 2\r\n\r\na");
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, IsNotDueOnceAChunkSizeHasBegun) {
  FeedHead("Transfer-Encoding: chunked\r\n\r\n1");
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, IsForgottenWhenTheBodyComesFirst) {
  FeedHead("Content-Length: 2\r\n");
  parser_.Feed("a");
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, IsNotDueWithoutABody) {
  EXPECT_EQ(FeedHead("Content-Length: 0\r\n").state, ParseState::kComplete);
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, IsNotDueToHttp10) {
  FeedHead("Content-Length: 2\r\n", "HTTP/1.0");
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, IsNotDueForARefusedRequest) {
  EXPECT_EQ(FeedHead("Content-Length: 99999999\r\n").state, ParseState::kRefused);
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

TEST_F(ContinueTest, DoesNotReachTheNextRequest) {
  FeedHead("Content-Length: 1\r\n");
  parser_.Feed("a");
  parser_.Next();
  parser_.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  EXPECT_FALSE(parser_.TakeExpectContinue());
}

}  // namespace
}  // namespace baton::http
