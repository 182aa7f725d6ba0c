// Who gives way first, by header and by parameter.
#include "server/api/criticality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/make_request.h"

namespace baton::api {
namespace {

using http::RequestWith;

using serve::Criticality;
using testing::HasSubstr;

TEST(CriticalityTest, TheHeaderSaysItInAnyCase) {
  const std::vector<std::pair<std::string, Criticality>> table = {
      {"critical", Criticality::kCritical},   {"Critical", Criticality::kCritical},
      {"default", Criticality::kDefault},     {"DEFAULT", Criticality::kDefault},
      {"sheddable", Criticality::kSheddable}, {"sheDDable", Criticality::kSheddable},
  };
  for (const auto& [text, expected] : table) {
    const auto got = ReadCriticality(RequestWith({{"baton-criticality", text}}), {});
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(*got, expected) << text;
  }
}

TEST(CriticalityTest, APriorityOfOneIsCriticalAndOfTwoAndMoreSheddable) {
  const std::vector<std::pair<std::optional<std::uint64_t>, std::optional<Criticality>>> table = {
      {std::nullopt, std::nullopt},          {0U, std::nullopt},
      {1U, Criticality::kCritical},          {2U, Criticality::kSheddable},
      {UINT64_MAX, Criticality::kSheddable},
  };
  for (const auto& [priority, expected] : table) {
    const auto got = ReadCriticality(RequestWith({}), priority);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, expected) << priority.value_or(7);
  }
}

TEST(CriticalityTest, TheHeaderWins) {
  EXPECT_EQ(ReadCriticality(RequestWith({{"Baton-Criticality", "sheddable"}}), 1).value(),
            Criticality::kSheddable);
  EXPECT_EQ(ReadCriticality(RequestWith({{"Baton-Criticality", "default"}}), 1).value(),
            Criticality::kDefault);
}

TEST(CriticalityTest, AnythingElseInTheHeaderIsAnErrorThatNamesIt) {
  for (const std::string text : {"", "high", "1", "critical!", "critica", "[ritical"}) {
    const auto got = ReadCriticality(RequestWith({{"Baton-Criticality", text}}), 1);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(got.error().field, "Baton-Criticality");
    EXPECT_EQ(got.error().message,
              "Baton-Criticality: expected critical, default or sheddable, got '" + text + "'");
  }
}

}  // namespace
}  // namespace baton::api
