// Budgets out of headers.
#include "server/api/budget_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using http::RequestWith;

using testing::HasSubstr;

TEST(BudgetHeadersTest, OursIsADecimalNumberOfMilliseconds) {
  const std::vector<std::pair<std::string, Duration>> table = {
      {"50", 50ms},
      {"12.5", 12500us},
      {"0", 0ms},
      {"0.0", 0ms},
      {"0.000001", 1ns},
      {"007", 7ms},
      {"1000000", 1000s},
      {"99999999999999999", kLongestAsk},
      {std::string(32, '9'), kLongestAsk},
  };
  for (const auto& [value, expected] : table)
    EXPECT_EQ(ParseBudgetMs(value).value(), expected) << value;
}

TEST(BudgetHeadersTest, OursIsRefusedWhenItIsNoNumberAndTheErrorNamesIt) {
  for (const std::string value :
       {"", " ", "-1", "-0", "+5", "abc", "5ms", "1e3", "inf", "nan", "0x10", "1,5", "1.2.3", ".5",
        "5.", ".", "5 0", "١", "000000000000000000000000000000005"}) {
    const auto budget = ParseBudgetMs(value);
    ASSERT_FALSE(budget) << value;
    EXPECT_EQ(budget.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(budget.error().field, "Baton-Budget-Ms");
    EXPECT_THAT(budget.error().message, HasSubstr("Baton-Budget-Ms: expected a decimal number"));
    EXPECT_THAT(budget.error().message, HasSubstr("got '" + value.substr(0, 64)));
  }
  EXPECT_LT(ParseBudgetMs(std::string(5000, '9')).error().message.size(), 300U);
}

TEST(BudgetHeadersTest, GrpcTimeoutHasUpToEightDigitsAndAUnit) {
  const std::vector<std::pair<std::string, std::optional<Duration>>> table = {
      {"1H", 1h},
      {"2M", 2min},
      {"3S", 3s},
      {"4m", 4ms},
      {"5u", 5us},
      {"6n", 6ns},
      {"0S", 0s},
      {"99999999m", 99999999ms},
      {"99999999H", kLongestAsk},
      {"", {}},
      {"S", {}},
      {"5", {}},
      {"123456789m", {}},
      {"5s", {}},
      {"-5S", {}},
      {"1.5S", {}},
      {"5 S", {}},
      {"5mS", {}},
      {"+5S", {}},
  };
  for (const auto& [value, expected] : table) EXPECT_EQ(ParseGrpcTimeout(value), expected) << value;
}

TEST(BudgetHeadersTest, EnvoyTimeoutIsAWholeNumberOfMilliseconds) {
  const std::vector<std::pair<std::string, std::optional<Duration>>> table = {
      {"15", 15ms}, {"0", 0ms},  {"18446744073709551616", kLongestAsk},
      {"", {}},     {"-1", {}},  {"1.5", {}},
      {"15ms", {}}, {"nan", {}}, {"1e3", {}},
      {"+1", {}},
  };
  for (const auto& [value, expected] : table)
    EXPECT_EQ(ParseEnvoyTimeout(value), expected) << value;
}

TEST(BudgetHeadersTest, TheProtocolsTimeoutOfZeroMeansNone) {
  EXPECT_EQ(TimeoutFromMicros(0), std::nullopt);
  EXPECT_EQ(TimeoutFromMicros(1500), 1500us);
  EXPECT_EQ(TimeoutFromMicros(std::numeric_limits<std::uint64_t>::max()), kLongestAsk);
}

TEST(BudgetHeadersTest, TheSmallestOfThoseGivenWins) {
  const auto smallest = [](const auto& headers) {
    return ReadBudgetHeaders(RequestWith(headers)).value().smallest;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(smallest(Headers{}), std::nullopt);
  EXPECT_EQ(smallest(Headers{{"baton-budget-ms", "20"}}), 20ms);
  EXPECT_EQ(smallest(Headers{{"Baton-Budget-Ms", "20"}, {"grpc-timeout", "10m"}}), 10ms);
  EXPECT_EQ(smallest(Headers{{"grpc-timeout", "10m"}, {"X-Envoy-Expected-Rq-Timeout-Ms", "5"}}),
            5ms);
  EXPECT_EQ(smallest(Headers{{"Baton-Budget-Ms", "0"}, {"grpc-timeout", "10m"}}), 0ms);
}

TEST(BudgetHeadersTest, BorrowedHeadersThatCannotBeReadAreIgnoredAndCounted) {
  const auto ask = ReadBudgetHeaders(RequestWith({{"Baton-Budget-Ms", "20"},
                                                  {"grpc-timeout", "soon"},
                                                  {"x-envoy-expected-rq-timeout-ms", "-3"}}));
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->smallest, 20ms);
  EXPECT_EQ(ask->malformed_grpc_timeout, 1);
  EXPECT_EQ(ask->malformed_envoy_timeout, 1);
}

TEST(BudgetHeadersTest, OurMalformedHeaderFailsWhateverElseIsGiven) {
  EXPECT_EQ(ReadBudgetHeaders(RequestWith({{"grpc-timeout", "1S"}, {"Baton-Budget-Ms", "x"}}))
                .error()
                .field,
            "Baton-Budget-Ms");
}

TEST(BudgetHeadersTest, TheMaximumClampsAndTheDefaultFillsIn) {
  EXPECT_EQ(Grant(std::nullopt, 50ms, 10s), 50ms);
  EXPECT_EQ(Grant(20ms, 50ms, 10s), 20ms);
  EXPECT_EQ(Grant(20s, 50ms, 10s), 10s);
  EXPECT_EQ(Grant(0ms, 50ms, 10s), 0ms);
  EXPECT_EQ(Grant(std::nullopt, 20s, 10s), 10s);
}

TEST(BudgetHeadersTest, OfSeveralOfOneNameEachCounts) {
  const auto ask = ReadBudgetHeaders(RequestWith({{"Baton-Budget-Ms", "1000"},
                                                  {"baton-budget-ms", "20"},
                                                  {"grpc-timeout", "x"},
                                                  {"grpc-timeout", "15m"}}));
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->smallest, 15ms);
  EXPECT_EQ(ask->malformed_grpc_timeout, 1);
  EXPECT_FALSE(
      ReadBudgetHeaders(RequestWith({{"Baton-Budget-Ms", "20"}, {"Baton-Budget-Ms", "x"}})));
}

}  // namespace
}  // namespace baton::api
