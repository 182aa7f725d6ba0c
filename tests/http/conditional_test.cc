// Conditions of requests, and which of them comes first.
#include "server/http/conditional.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/http/file_request.h"

namespace baton::http {
namespace {

constexpr std::time_t kNow = 1'800'000'000;
constexpr std::time_t kModified = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr auto kHolds = Precondition::kHolds;
constexpr auto kNotModified = Precondition::kNotModified;
constexpr auto kFailed = Precondition::kFailed;

const std::string kSame = "Sun, 06 Nov 1994 08:49:37 GMT\r\n";
const std::string kBefore = "Sun, 06 Nov 1994 08:49:36 GMT\r\n";
const std::string kAfter = "Sun, 06 Nov 1994 08:49:38 GMT\r\n";

Precondition Check(const std::string& headers) {
  return CheckPreconditions(Ask("/", headers), {"\"tag\"", kModified}, kNow);
}

bool Counts(const std::string& headers, std::time_t now = kNow) {
  return RangeCounts(Ask("/", headers), {"\"tag\"", kModified}, now);
}

TEST(PreconditionTest, WithoutConditionsItHolds) { EXPECT_EQ(Check(""), kHolds); }

TEST(PreconditionTest, IfNoneMatchComparesWeaklyInItsWholeList) {
  for (const char* list : {"\"tag\"", "W/\"tag\"", "\"a\", \"tag\"", "\"a,b\" ,W/\"tag\"", "*",
                           ",, \"tag\",", "\"\",\"tag\""}) {
    EXPECT_EQ(Check("If-None-Match: " + std::string(list) + "\r\n"), kNotModified) << list;
  }
  for (const char* list : {"\"other\"", "tag", "\"ta\", \"g\"", "\"a, \"tag", "w/\"tag\"", "",
                           "\"*\"", "\"tag", "W/tag"}) {
    EXPECT_EQ(Check("If-None-Match: " + std::string(list) + "\r\n"), kHolds) << list;
  }
}

TEST(PreconditionTest, SeveralLinesAreOneList) {
  EXPECT_EQ(Check("If-None-Match: \"a\"\r\nIf-None-Match: \"tag\"\r\n"), kNotModified);
  EXPECT_EQ(Check("If-Match: \"tag\"\r\nIf-Match: \"b\"\r\n"), kHolds);
}

TEST(PreconditionTest, IfMatchComparesStrongly) {
  EXPECT_EQ(Check("If-Match: \"a\", \"tag\"\r\n"), kHolds);
  EXPECT_EQ(Check("If-Match: *\r\n"), kHolds);
  EXPECT_EQ(Check("If-Match: W/\"tag\"\r\n"), kFailed);
  EXPECT_EQ(Check("If-Match: \"other\"\r\n"), kFailed);
  EXPECT_EQ(Check("If-Match:\r\n"), kFailed);
}

TEST(PreconditionTest, DatesAreComparedWithTheLastChange) {
  EXPECT_EQ(Check("If-Modified-Since: " + kSame), kNotModified);
  EXPECT_EQ(Check("If-Modified-Since: " + kAfter), kNotModified);
  EXPECT_EQ(Check("If-Modified-Since: " + kBefore), kHolds);
  EXPECT_EQ(Check("If-Unmodified-Since: " + kSame), kHolds);
  EXPECT_EQ(Check("If-Unmodified-Since: " + kBefore), kFailed);
}

TEST(PreconditionTest, DatesThatCannotBeReadOrComeTwiceArePassedOver) {
  EXPECT_EQ(Check("If-Modified-Since: now\r\n"), kHolds);
  EXPECT_EQ(Check("If-Unmodified-Since: 1994\r\n"), kHolds);
  EXPECT_EQ(Check("If-Modified-Since: " + kSame + "If-Modified-Since: " + kSame), kHolds);
}

TEST(PreconditionTest, TagsWinOverDates) {
  EXPECT_EQ(Check("If-Match: \"tag\"\r\nIf-Unmodified-Since: " + kBefore), kHolds);
  EXPECT_EQ(Check("If-None-Match: \"other\"\r\nIf-Modified-Since: " + kSame), kHolds);
  EXPECT_EQ(Check("If-None-Match: \"tag\"\r\nIf-Modified-Since: " + kBefore), kNotModified);
}

TEST(PreconditionTest, AFailedOneWinsOverWhatHasNotChanged) {
  EXPECT_EQ(Check("If-None-Match: \"tag\"\r\nIf-Match: \"other\"\r\n"), kFailed);
  EXPECT_EQ(Check("If-Modified-Since: " + kAfter + "If-Unmodified-Since: " + kBefore), kFailed);
  EXPECT_EQ(Check("If-None-Match: \"tag\"\r\nIf-Match: \"tag\"\r\n"), kNotModified);
}

TEST(IfRangeTest, WithoutItARangeCounts) { EXPECT_TRUE(Counts("")); }

TEST(IfRangeTest, ATagCountsWhenItIsThisOneStrongly) {
  EXPECT_TRUE(Counts("If-Range: \"tag\"\r\n"));
  EXPECT_FALSE(Counts("If-Range: W/\"tag\"\r\n"));
  EXPECT_FALSE(Counts("If-Range: \"other\"\r\n"));
  EXPECT_FALSE(Counts("If-Range: \"tag\", \"other\"\r\n"));
}

TEST(IfRangeTest, ADateCountsWhenItIsTheVeryOne) {
  EXPECT_TRUE(Counts("If-Range: " + kSame));
  EXPECT_FALSE(Counts("If-Range: " + kBefore));
  EXPECT_FALSE(Counts("If-Range: " + kAfter));
  EXPECT_FALSE(Counts("If-Range: soon\r\n"));
  EXPECT_FALSE(Counts("If-Range:\r\n"));
}

TEST(IfRangeTest, ADateDoesNotCountWithinItsOwnSecond) {
  EXPECT_FALSE(Counts("If-Range: " + kSame, kModified));
  EXPECT_TRUE(Counts("If-Range: " + kSame, kModified + 1));
}

}  // namespace
}  // namespace baton::http
