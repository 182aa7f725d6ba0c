// Factors and names as they are typed, and the search for the capacity.
#include "client/lib/overload_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OverloadPlanTest, FactorsAreSorted) {
  EXPECT_THAT(ParseFactors("2,0.5,10").value(), ElementsAre(0.5, 2, 10));
  EXPECT_THAT(ParseFactors("1").value(), ElementsAre(1));
  EXPECT_THAT(ParseFactors("0.01,100").value(), ElementsAre(0.01, 100));
}

TEST(OverloadPlanTest, WhatIsNoFactorIsNamed) {
  for (const char* text :
       {"", "1,", ",1", "1,,2", "1 ,2", "two", "1x", "0", "-1", "100.1", "nan", "inf", "1,1.0",
        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21"}) {
    const auto factors = ParseFactors(text);
    ASSERT_FALSE(factors.has_value()) << text;
    EXPECT_EQ(factors.error().field, "factors");
    EXPECT_THAT(factors.error().message, HasSubstr("got '" + std::string(text) + "'"));
  }
  EXPECT_THAT(ParseFactors("1,x2").error().message, HasSubstr("'x2' is none"));
}

TEST(OverloadPlanTest, ThereIsANameForEachServer) {
  EXPECT_THAT(ParseNames("baton,first come", 2).value(), ElementsAre("baton", "first come"));
  EXPECT_THAT(ParseNames("<b>", 1).value(), ElementsAre("<b>"));
  for (const char* text : {"", "one", "a,b,c", "a,", ",b", "a,a", "a, ", "a,\x1b[2J", "a,\xff"}) {
    const auto names = ParseNames(text, 2);
    ASSERT_FALSE(names.has_value()) << text;
    EXPECT_EQ(names.error().field, "names");
  }
}

// What a ramp asks for when a server gives min(connections, workers) * 100 answers a second.
std::vector<std::size_t> RunRamp(CapacityRamp& ramp, std::size_t workers) {
  std::vector<std::size_t> tried;
  while (const std::size_t connections = ramp.NextConnections()) {
    tried.push_back(connections);
    ramp.Add(100.0 * static_cast<double>(std::min(connections, workers)));
  }
  return tried;
}

TEST(CapacityRampTest, DoublesUntilTwoDoublingsBringNothing) {
  CapacityRamp one;
  EXPECT_THAT(RunRamp(one, 1), ElementsAre(1, 2, 4));
  EXPECT_DOUBLE_EQ(one.best_rate(), 100);
  EXPECT_EQ(one.best_connections(), 1U);
  EXPECT_EQ(one.last_connections(), 4U);
  CapacityRamp twelve;
  EXPECT_THAT(RunRamp(twelve, 12), ElementsAre(1, 2, 4, 8, 16, 32, 64));
  EXPECT_DOUBLE_EQ(twelve.best_rate(), 1200);
  EXPECT_EQ(twelve.best_connections(), 16U);
}

TEST(CapacityRampTest, EndsForAServerWithoutEndAndForOneThatGivesNothing) {
  CapacityRamp endless;
  EXPECT_EQ(RunRamp(endless, 1'000'000).back(), CapacityRamp::kMostConnections);
  CapacityRamp nothing;
  EXPECT_THAT(RunRamp(nothing, 0), ElementsAre(1, 2));
  EXPECT_EQ(nothing.best_rate(), 0);
}

TEST(CapacityRampTest, ASmallGainIsTakenButDoesNotKeepItGoing) {
  CapacityRamp ramp;
  for (const double rate : {100.0, 104.0, 103.0}) ramp.Add(rate);
  EXPECT_EQ(ramp.NextConnections(), 0U);
  EXPECT_DOUBLE_EQ(ramp.best_rate(), 104);
  EXPECT_EQ(ramp.best_connections(), 2U);
}

TEST(CapacityRampTest, ACollapseDoesNotTakeBackTheBest) {
  CapacityRamp ramp;
  for (const double rate : {100.0, 200.0, 10.0, 5.0}) ramp.Add(rate);
  EXPECT_EQ(ramp.NextConnections(), 0U);
  EXPECT_DOUBLE_EQ(ramp.best_rate(), 200);
}

TEST(OverloadPlanTest, ConnectionsLastForTwiceTheBudgetWithinBounds) {
  EXPECT_EQ(ConnectionsFor(2000, 50ms), 200U);
  EXPECT_EQ(ConnectionsFor(10, 50ms), 64U);
  EXPECT_EQ(ConnectionsFor(500'000, 50ms), 4096U);
}

}  // namespace
}  // namespace baton::client
