// Config files made to break the reader: they are refused, quickly, and nothing else happens.
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/model_config.h"
#include "tests/support/mutated_yaml.h"

namespace baton::models {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMany = 5'000;

std::string Repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string Refused(const std::string& text) {
  const auto config = ParseModelConfig(text, "c.yaml");
  EXPECT_FALSE(config) << text.substr(0, 100);
  return config ? "" : config.error().message;
}

TEST(HostileConfigTest, AliasesAreRefusedSoThatNothingExpands) {
  EXPECT_THAT(Refused("parameters: &a {x: y}\ncache: *a\n"), HasSubstr("anchors are not allowed"));
  std::string bomb = "a: &a [x, x]\n";
  for (char name = 'b'; name <= 'z'; ++name) {
    const std::string last(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + name + " [*" + last + ", *" + last + "]\n";
  }
  EXPECT_THAT(Refused(bomb), HasSubstr("anchors are not allowed"));
  EXPECT_THAT(Refused("&k key: *k"), HasSubstr("aliases are not allowed"));
}

TEST(HostileConfigTest, TagsDocumentsAndKeysThatAreNoWordsAreRefused) {
  EXPECT_THAT(Refused("backend: !!binary aGk="), HasSubstr("1:10: tags are not allowed"));
  EXPECT_THAT(Refused("backend: !python/object x"), HasSubstr("tags are not allowed"));
  EXPECT_THAT(Refused("backend: plugin\n---\nbackend: plugin\n"),
              HasSubstr("c.yaml:2:1: expected one document, here begins another"));
  EXPECT_THAT(Refused("? [a, b]\n: c\n"), HasSubstr("a key must be a word"));
  EXPECT_THAT(Refused("? {a: b}\n: c\n"), HasSubstr("a key must be a word"));
  EXPECT_THAT(Refused("~: c\n"), HasSubstr("a key must be a word"));
  EXPECT_THAT(Refused("'': c\n"), HasSubstr("expected a key, got an empty text"));
}

TEST(HostileConfigTest, WhatIsSaidOfOddBytesIsPlainText) {
  const std::string refused = Refused(std::string("\0\xFF\xFE", 3));
  EXPECT_TRUE(std::all_of(refused.begin(), refused.end(), [](char letter) {
    return letter >= ' ' && letter <= '~';
  })) << refused;
}

TEST(HostileConfigTest, DepthIsBounded) {
  EXPECT_THAT(Refused(Repeated("{a: ", 15) + "x" + Repeated("}", 15)), HasSubstr("unknown key"));
  EXPECT_THAT(Refused(Repeated("{a: ", 16) + "x" + Repeated("}", 16)),
              HasSubstr("nested too deeply, at most 15 levels"));
  for (const char* opening : {"[", "{", "{a: ", "- ", "? ", "[{", "a:\n"}) {
    EXPECT_NE(Refused(Repeated(opening, kMany)), "") << opening;
  }
}

TEST(HostileConfigTest, LongTextsOfAllKindsAreRefused) {
  Refused(Repeated("x", kMany));
  Refused(Repeated("x: 1\n", kMany));
  Refused("warm_up: [" + Repeated("../x,", kMany) + "]");
  Refused("'" + Repeated("x ", kMany));
  Refused(Repeated("'", kMany));
  Refused(Repeated("\n", kMany) + "x");
  Refused(Repeated(" ", kMany) + "x");
  Refused(Repeated("&", kMany));
  Refused(std::string(kMany, '\0'));
  Refused(std::string("\xFF\xFE") + Repeated("x", kMany));
  EXPECT_LT(Refused(std::string(kMany, 'k') + ": v").size(), 2'000u);
}

constexpr std::string_view kWhole = R"(# all of it
backend: onnxruntime
parameters: {kind: linear, weights: "1,2"}
default_budget: 20ms
max_budget: 100ms
slo_target: 99.9%
criticality: critical
max_workers: 2
min_workers: 0
batch: {max_size: 8, max_delay: 2ms}
fallback: {kind: constant, constant: '{"a":1}'}
warm_up: [sample.json]
labels:
  probabilities: [benign, "malignant"]
  other: labels.txt
versions:
  latest: 2
  labels: {stable: 3, canary: 4}
canary: {version: 4, share: 10%, margin: 2%, min_requests: 200, window: 60s}
cache: {max_bytes: 64MiB, max_age: 10s}
sequence_outputs: refuse
)";

// Ten thousand in all.
constexpr unsigned kRuns = 50;
constexpr int kMutationsARun = 200;
class MutatedConfigTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(MutatedConfigTest, IsReadOrRefusedWithItsPlace) {
  ASSERT_TRUE(ParseModelConfig(std::string(kWhole), "c.yaml"));
  std::mt19937 random(GetParam());
  int read = 0;
  for (int i = 0; i < kMutationsARun; ++i) {
    const std::string text = MutatedYaml(std::string(kWhole), random);
    const auto config = ParseModelConfig(text, "c.yaml");
    if (config) {
      ++read;
    } else {
      EXPECT_EQ(config.error().message.rfind("c.yaml:", 0), 0u) << text;
    }
  }
  EXPECT_GT(read, 0);
  EXPECT_LT(read, kMutationsARun);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MutatedConfigTest, ::testing::Range(0u, kRuns));

}  // namespace
}  // namespace baton::models
