// Reversal of string values, by code points.
#include "server/api/reverse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/json.h"
#include "tests/api/fake_model.h"
#include "tests/api/random_json.h"

namespace baton::api {
namespace {

serve::Outcome Reverse(std::string_view body) {
  FakeContext context;
  return MakeReverseHandler()->Handle({Padded(body)}, context);
}

TEST(ReverseTest, ReversesEveryStringValueAndNothingElse) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"({"data": ["abc", "héllo"]})", R"({"data":["cba","olléh"]})"},
      {R"({"data":["Hello, World"]})", R"({"data":["dlroW ,olleH"]})"},
      {R"({})", R"({})"},
      {R"( { "a" : "" } )", R"({"a":""})"},
      {R"({"key": {"inner key": "ab"}, "list": [["cd"], {"k": "ef"}]})",
       R"({"key":{"inner key":"ba"},"list":[["dc"],{"k":"fe"}]})"},
      {R"({"n": 12, "f": 1.0, "e": 1e5, "t": true, "x": null, "z": -0})",
       R"({"n":12,"f":1.0,"e":1e5,"t":true,"x":null,"z":-0})"},
      {R"({"big": [9223372036854775807, 18446744073709551615, -9223372036854775808]})",
       R"({"big":[9223372036854775807,18446744073709551615,-9223372036854775808]})"},
      {R"({"d": 0.1000000000000000055511151231257827})",
       R"({"d":0.1000000000000000055511151231257827})"},
      {R"({"a b" : "x y  z"})", R"({"a b":"z  y x"})"},
      {R"({"text": "日本語"})", R"({"text":"語本日"})"},
      {R"({"text": "a😀b"})", R"({"text":"b😀a"})"},
  };
  for (const auto& [given, expected] : table) {
    const serve::Outcome outcome = Reverse(given);
    EXPECT_FALSE(outcome.error) << given;
    EXPECT_EQ(outcome.body, expected);
  }
}

TEST(ReverseTest, EscapesMoveWholeAndSurrogatePairsStayPairs) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"({"a":"x\"y"})", R"({"a":"y\"x"})"},
      {R"({"a":"\\\"z"})", R"({"a":"z\"\\"})"},
      {R"({"a":"1\n2\t3"})", R"({"a":"3\t2\n1"})"},
      {R"({"a":"\u00e9q"})", R"({"a":"q\u00e9"})"},
      {R"({"a":"1\ud83d\ude002"})", R"({"a":"2\ud83d\ude001"})"},
      {R"({"a":"\uD83D\uDE00\uD83D\uDE01"})", R"({"a":"\uD83D\uDE01\uD83D\uDE00"})"},
      {R"({"a":"\ud7ff\ue000"})", R"({"a":"\ue000\ud7ff"})"},
      {R"({"k\"ey":"ab"})", R"({"k\"ey":"ba"})"},
  };
  for (const auto& [given, expected] : table) EXPECT_EQ(Reverse(given).body, expected);
}

TEST(ReverseTest, CombiningMarksMoveByThemselves) {
  EXPECT_EQ(Reverse("{\"a\":\"e\xcc\x81x\"}").body,
            "{\"a\":\"x\xcc\x81"
            "e\"}");
}

TEST(ReverseTest, WhatIsNoObjectIsRefused) {
  for (const std::string_view body :
       {"[\"abc\"]", "\"abc\"", "1", "null", "", "{", "{\"a\":\"b\",}"}) {
    const serve::Outcome outcome = Reverse(body);
    ASSERT_TRUE(outcome.error) << body;
    EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(outcome.body.empty());
  }
}

TEST(ReverseTest, TwiceReversedIsTheDocumentWithoutItsSpace) {
  const std::uint64_t seed = TestSeed();
  RandomJson random(seed);
  int accepted = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = random.Object(5);
    const serve::Outcome once = Reverse(text);
    if (once.error) continue;  // a repeated key
    ++accepted;
    const serve::Outcome twice = Reverse(once.body);
    ASSERT_FALSE(twice.error) << "seed " << seed << ": " << text << " became " << once.body;
    ASSERT_EQ(Reverse(twice.body).body, once.body) << "seed " << seed << ": " << text;
    ASSERT_EQ(twice.body.size(), once.body.size());
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace baton::api
