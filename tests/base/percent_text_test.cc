// Shares as operators type them, good and bad.
#include "server/base/percent_text.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton {
namespace {

using testing::HasSubstr;

TEST(ParsePercentTest, NumbersWithASignBecomeTheNearestShare) {
  struct Case {
    const char* text;
    double expected;
  };
  const Case cases[] = {{"0%", 0},       {"100%", 1},          {"100.0%", 1},
                        {"2.5%", 0.025}, {"57%", 0.57},        {"99.9%", 0.999},
                        {"050%", 0.5},   {"99.999%", 0.99999}, {"0.1%", 0.001}};
  for (const Case& c : cases) {
    const Result<double> parsed = ParsePercent(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParsePercentTest, EverythingElseIsAnErrorThatQuotesIt) {
  for (const char* text :
       {"",       "%",    "50",   "50 %", " 50%",   "50%%",  "+50%", "-1%", "100.1%", "101%",
        "0x1p1%", "1e1%", "nan%", "inf%", "1e400%", "half%", "0,5%", ".5%", "5.%",    "-0%"}) {
    const Result<double> parsed = ParsePercent(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(parsed.error().message, HasSubstr("such as 99.9%"));
  }
}

TEST(FormatPercentTest, TheShortestFormIsUsed) {
  EXPECT_EQ(FormatPercent(0), "0%");
  EXPECT_EQ(FormatPercent(1), "100%");
  EXPECT_EQ(FormatPercent(0.57), "57%");
  EXPECT_EQ(FormatPercent(0.999), "99.9%");
  EXPECT_EQ(FormatPercent(0.99999), "99.999%");
  EXPECT_EQ(FormatPercent(0.0000001), "0.00001%");
  EXPECT_EQ(FormatPercent(-5), "-500%");
}

TEST(FormatPercentTest, WhatIsNoShareIsWrittenAllTheSame) {
  EXPECT_EQ(FormatPercent(std::numeric_limits<double>::quiet_NaN()), "nan%");
  EXPECT_EQ(FormatPercent(std::numeric_limits<double>::infinity()), "inf%");
  EXPECT_GT(FormatPercent(1e290).size(), 290u);
}

TEST(FormatPercentTest, WhatIsWrittenReadsBackAsTheSame) {
  for (int steps = 5; steps <= 100'000; steps += 7) {
    const double share = steps / 100'000.0;
    const Result<double> parsed = ParsePercent(FormatPercent(share));
    ASSERT_TRUE(parsed) << share;
    EXPECT_EQ(*parsed, share);
  }
}

}  // namespace
}  // namespace baton
