// Which versions are served under which policy.
#include "server/models/version_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

ModelConfig Config(const std::string& text) {
  auto config = ParseModelConfig(text, "config.yaml");
  if (config) return *std::move(config);
  ADD_FAILURE() << config.error().message;
  return {};
}

ServedVersions Served(const std::string& config, const std::vector<std::int64_t>& present) {
  const auto served = VersionsToServe(Config(config), present);
  if (served) return *served;
  ADD_FAILURE() << served.error().message;
  return {};
}

Error Refused(const std::string& config, const std::vector<std::int64_t>& present) {
  const auto served = VersionsToServe(Config(config), present);
  if (!served) return served.error();
  ADD_FAILURE() << "it is served: " << config;
  return {};
}

TEST(VersionPolicyTest, WithoutOneAllAreServedAndTheNewestAnswers) {
  for (const char* config : {"", "versions: {all: true}"}) {
    const ServedVersions served = Served(config, {1, 3, 10});
    EXPECT_THAT(served.numbers, ElementsAre(1, 3, 10));
    EXPECT_EQ(served.default_version, 10);
    EXPECT_FALSE(served.canary);
    EXPECT_TRUE(served.labels.empty());
  }
}

TEST(VersionPolicyTest, LatestServesTheNewestSoMany) {
  EXPECT_THAT(Served("versions: {latest: 2}", {1, 3, 10}).numbers, ElementsAre(3, 10));
  EXPECT_THAT(Served("versions: {latest: 3}", {1, 3, 10}).numbers, ElementsAre(1, 3, 10));
  EXPECT_THAT(Served("versions: {latest: 9}", {1, 3}).numbers, ElementsAre(1, 3));
}

TEST(VersionPolicyTest, SpecificServesThoseAndTheNewestOfThemAnswers) {
  const ServedVersions served = Served("versions: {specific: [3, 1]}", {1, 2, 3, 4});
  EXPECT_THAT(served.numbers, ElementsAre(1, 3));
  EXPECT_EQ(served.default_version, 3);
}

TEST(VersionPolicyTest, LabelsNameServedVersions) {
  EXPECT_THAT(Served("versions: {labels: {stable: 1, next: 2}}", {1, 2}).labels,
              ElementsAre(Pair("next", 2), Pair("stable", 1)));
}

TEST(VersionPolicyTest, TheCanaryIsTheNewestUnlessItIsNamedAndNeverTheDefault) {
  const ServedVersions newest = Served("canary: {share: 10%}", {1, 2, 3});
  EXPECT_EQ(newest.canary, 3);
  EXPECT_EQ(newest.default_version, 2);
  const ServedVersions named = Served("canary: {share: 10%, version: 1}", {1, 2, 3});
  EXPECT_EQ(named.canary, 1);
  EXPECT_EQ(named.default_version, 3);
  const ServedVersions labelled =
      Served("canary: {share: 10%, version: next}\nversions: {labels: {next: 2}}", {1, 2, 3});
  EXPECT_EQ(labelled.canary, 2);
}

TEST(VersionPolicyTest, ACanaryThatIsToBeTheNewestWaitsForASecondVersion) {
  const ServedVersions served = Served("canary: {share: 10%}", {1});
  EXPECT_FALSE(served.canary);
  EXPECT_EQ(served.default_version, 1);
}

struct Wrong {
  const char* config;
  std::vector<std::int64_t> present;
  ErrorCode code;
  const char* field;
  const char* message;
};
class WrongPolicyTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongPolicyTest, NamesTheKeyAndWhatThereIs) {
  const Error error = Refused(GetParam().config, GetParam().present);
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(error.field, GetParam().field);
  EXPECT_EQ(error.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, WrongPolicyTest,
    ::testing::Values(
        Wrong{"", {}, ErrorCode::kNotFound, "versions", "versions: there is none"},
        Wrong{"versions: {specific: [1, 5]}",
              {1, 2},
              ErrorCode::kNotFound,
              "versions.specific",
              "versions.specific: version 5 is not there, there is 1, 2"},
        Wrong{"versions: {labels: {stable: 7}}",
              {1, 2},
              ErrorCode::kNotFound,
              "versions.labels.stable",
              "versions.labels.stable: version 7 is not there, there is 1, 2"},
        Wrong{"versions: {latest: 1, labels: {old: 1}}",
              {1, 2},
              ErrorCode::kInvalidArgument,
              "versions.labels.old",
              "versions.labels.old: version 1 is not among those that versions lets be served, 2"},
        Wrong{"canary: {share: 1%, version: 4}",
              {1, 2},
              ErrorCode::kNotFound,
              "canary.version",
              "canary.version: version 4 is not there, there is 1, 2"},
        Wrong{"canary: {share: 1%, version: 3}\nversions: {specific: [1, 2]}",
              {1, 2, 3},
              ErrorCode::kInvalidArgument,
              "canary.version",
              "canary.version: version 3 is not among those that versions lets be served, 1, 2"},
        Wrong{"canary: {share: 1%, version: next}",
              {1, 2},
              ErrorCode::kInvalidArgument,
              "canary.version",
              "canary.version: 'next' is none of versions.labels"},
        Wrong{"canary: {share: 1%, version: 1}",
              {1},
              ErrorCode::kInvalidArgument,
              "canary.version",
              "canary.version: version 1 is the only one that is served, expected another beside "
              "it"}));

}  // namespace
}  // namespace baton::models
