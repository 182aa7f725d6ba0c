// The three forms of dates, and what is none.
#include "server/http/http_date.h"

#include <string>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

constexpr std::time_t kNow = 1'800'000'000;  // in 2027
constexpr std::time_t kExample = 784'111'777;

TEST(HttpDateTest, AllThreeFormsAreTheSameMoment) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov 16 08:49:37 1994", kNow), kExample + 10 * 24 * 3600);
}

TEST(HttpDateTest, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
  EXPECT_EQ(ParseHttpDate("Saturday, 01-Jan-77 00:00:00 GMT", kNow), 3'376'684'800);
  EXPECT_EQ(ParseHttpDate("Sunday, 01-Jan-78 00:00:00 GMT", kNow), 252'460'800);
  constexpr std::time_t kIn2099 = 4'080'000'000;
  EXPECT_EQ(ParseHttpDate("Friday, 01-Jan-00 00:00:00 GMT", kIn2099), 4'102'444'800);
}

TEST(HttpDateTest, LeapDaysAndTheEdgesOfTheCalendarAreRead) {
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT", kNow), 0);
  EXPECT_EQ(ParseHttpDate("Tue, 29 Feb 2000 12:00:00 GMT", kNow), 951'825'600);
  EXPECT_EQ(ParseHttpDate("Fri, 31 Dec 2049 23:59:60 GMT", kNow), 2'524'608'000);
}

TEST(HttpDateTest, WhatIsNoDateIsNone) {
  for (const char* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun, 29 Feb 1999 08:49:37 GMT", "784111777"}) {
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace baton::http
