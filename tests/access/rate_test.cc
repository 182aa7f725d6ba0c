#include "server/access/rate.h"

#include <string>

#include <gtest/gtest.h>

namespace baton::access {
namespace {

TEST(RateTest, IsANumberOfRequestsInAWindow) {
  EXPECT_EQ(ParseRate("100/s"), (Rate{100, 1s, 100}));
  EXPECT_EQ(ParseRate("6000/min"), (Rate{6000, 1min, 6000}));
  EXPECT_EQ(ParseRate("10/h"), (Rate{10, 1h, 10}));
  EXPECT_EQ(ParseRate("1000000/s")->interval(), 1us);
  EXPECT_EQ(ParseRate("10/h")->interval(), 6min);
}

TEST(RateTest, IsWrittenAsItIsRead) {
  for (const std::string text : {"1/s", "6000/min", "1000000/h"}) {
    EXPECT_EQ(ToText(*ParseRate(text)), text);
  }
}

TEST(RateTest, AnythingElseIsRefused) {
  for (const std::string text :
       {"", "/", "100", "100/", "/s", "0/s", "-1/s", "1.5/s", "1000001/s", "99999999999999999999/s",
        "100/day", "100/s ", " 100/s", "100 /s", "100/ss"}) {
    const auto rate = ParseRate(text);
    ASSERT_FALSE(rate.has_value()) << text;
    EXPECT_EQ(rate.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace baton::access
