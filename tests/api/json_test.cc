// Reading of JSON: what is refused, and that what is read is exact.
#include "server/api/json.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/json_syntax.h"
#include "tests/api/fake_model.h"
#include "tests/api/random_json.h"

namespace baton::api {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + "1" + std::string(depth, ']');
}

std::vector<std::string> MalformedBodies() {
  return {
      "",
      " ",
      "\n\t ",
      "{",
      "}",
      "[",
      "]",
      "{]",
      "[}",
      "{}}",
      "[]]",
      "{}{}",
      "[1] 2",
      "{} x",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\" 1}",
      "{\"a\":1,}",
      "{,}",
      "{,\"a\":1}",
      "{\"a\":1 \"b\":2}",
      "{a:1}",
      "{'a':1}",
      "{1:2}",
      "{\"a\":1",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1,",
      "{\"a\":1,\"b\"",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1,,2]",
      "[1",
      "[1,",
      "[\"a",
      "\"a",
      "\"",
      "nul",
      "nulll",
      "True",
      "tru",
      "truee",
      "falsy",
      "NaN",
      "Infinity",
      "-Infinity",
      "[NaN]",
      "undefined",
      "+1",
      "-",
      ".5",
      "1.",
      "1.e3",
      "1e",
      "1e+",
      "01",
      "-01",
      "0x10",
      "1_000",
      "--1",
      "1.2.3",
      "1e999",
      "-1e999",
      "18446744073709551616e400",
      "-9223372036854775809x",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12G4\"",
      "\"\\\"",
      "\"\\ud83d\"",
      "\"\\ude00\"",
      "\"\\ud83d\\u0041\"",
      "\"a\tb\"",
      "\"a\nb\"",
      "\"a\0b\""s,
      "[1]\0"s,
      "\0"s,
      "\xef\xbb\xbf{}",
      "\"\xff\"",
      "\"\xc3\"",
      "\"\xc0\xaf\"",
      "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"",
      "\x80",
      "{\"a\":1,\"a\":2}",
      "{\"a\":{\"b\":1,\"b\":1}}",
      "[{\"x\":0,\"y\":0,\"x\":0}]",
      "{\"a\":1,\"\\u0061\":2}",
      "{/* c */}",
      "[1]//",
      "<html>",
      Nested(65),
      Nested(1000),
      std::string(2000, '['),
      std::string(2000, '{'),
  };
}

TEST(JsonTest, RefusesWhatIsMalformedWhetherReadInPlaceOrCopied) {
  const std::vector<std::string> bodies = MalformedBodies();
  ASSERT_GE(bodies.size(), 60U);
  for (const std::string& body : bodies) {
    std::string tight = body;
    tight.shrink_to_fit();
    for (const std::string& given : {Padded(body), tight}) {
      const auto document = ParseJson(given);
      ASSERT_FALSE(document) << body;
      EXPECT_EQ(document.error().code, ErrorCode::kInvalidArgument) << body;
      EXPECT_FALSE(document.error().message.empty()) << body;
    }
    EXPECT_TRUE(ParseJson(Padded("{}"))) << "after " << body;
  }
}

TEST(JsonTest, WholeNumbersBeyond64BitsAreDoubles) {
  const auto document = ParseJson(Padded(
      R"({"18446744073709551616":"18446744073709551616 \" 1","all":[100000000000000000000,)"
      "-9223372036854775809,18446744073709551616,18446744073709551615,-9223372036854775808]}"));
  ASSERT_TRUE(document) << document.error().message;
  JsonMembers members(*document);
  const auto text = members.Next();
  EXPECT_EQ(text->key, "18446744073709551616");
  EXPECT_EQ(text->value.Text(), "18446744073709551616 \" 1");
  const JsonValue all = members.Next()->value;
  EXPECT_EQ(all.At(0).Double(), 1e20);
  EXPECT_EQ(all.At(1).Double(), -9223372036854775808.0);
  EXPECT_EQ(all.At(2).Double(), 18446744073709551616.0);
  EXPECT_EQ(all.At(3).kind(), JsonKind::kUint64);
  EXPECT_EQ(all.At(4).kind(), JsonKind::kInt64);
}

TEST(JsonTest, SaysWhyAndWhereADocumentIsRefused) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "the body is empty"},
      {R"({"a": 1,})", "malformed (byte 8)"},
      {R"({"a": 01})", "a malformed number, or one that no double holds (byte 7)"},
      {R"({"a": 1)", "at its end (byte 7)"},
      {R"([1] x)", "(byte 4)"},
      {R"(["\q"])", "a malformed string or escape (byte 3)"},
      {"[\"\xff\"]", "text that is not UTF-8"},
      {"[\"a\nb\"]", "a control character in a string (byte 3)"},
      {"[\"abc", "a string without its closing quote at its end (byte 5)"},
      {Nested(65), "nested deeper than 64 levels (byte 64)"},
      {"[1" + std::string(310, '0') + "]", "no double holds"},
      {R"({"k": {"twin": 1, "b": 2, "twin": 3}})", "the key 'twin' comes twice in one object"},
  };
  for (const auto& [body, why] : table) {
    const auto document = ParseJson(Padded(body));
    ASSERT_FALSE(document) << body;
    EXPECT_THAT(document.error().message, HasSubstr(why)) << body;
  }
}

TEST(JsonTest, NamesTheKeyThatComesTwiceAsTheField) {
  EXPECT_EQ(ParseJson(Padded(R"({"a":1,"a":1})")).error().field, "a");
}

TEST(JsonTest, FindsTwinsAmongManyKeysAndBehindBracesInStrings) {
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"key" + std::to_string(i) + "\":\"{{{\",";
  EXPECT_TRUE(ParseJson(Padded(many + "\"last\":{}}")));
  EXPECT_FALSE(ParseJson(Padded(many + "\"key50\":{}}")));
  EXPECT_FALSE(ParseJson(Padded(many + "\"last\":[0,{\"a\":1,\"a\":1}]}")));
}

TEST(JsonTest, TheDepthThatIsAllowedCanBeSaid) {
  for (const std::size_t depth : {std::size_t{1}, std::size_t{8}, kMaxJsonDepth, std::size_t{2}}) {
    EXPECT_TRUE(ParseJson(Padded(Nested(depth)), depth)) << depth;
    const auto deeper = ParseJson(Padded(Nested(depth + 1)), depth);
    ASSERT_FALSE(deeper) << depth;
    EXPECT_THAT(deeper.error().message,
                testing::HasSubstr("deeper than " + std::to_string(depth) + " levels"));
  }
}

TEST(JsonTest, TakesSixtyFourLevels) { EXPECT_TRUE(ParseJson(Padded(Nested(64)))); }

TEST(JsonTest, ALargeBodyLeavesASmallOneReadable) {
  std::string large = "[0";
  while (large.size() < 2'000'000) large += ",123456789";
  auto document = ParseJson(Padded(large + "]"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->Size(), 1 + (large.size() - 2) / 10);
  document = ParseJson(Padded("[1,2]"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->Size(), 2U);
  EXPECT_FALSE(ParseJson(Padded(Nested(65))))
      << "the depth is bounded after a change of parser too";
}

TEST(JsonTest, AnythingButAnObjectIsSaidToBeWhatItIs) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"[1,2]", "expected a JSON object, got an array of 2"},
      {"\"x\"", "got the string 'x'"},
      {"1", "got 1"},
      {"18446744073709551615", "got 18446744073709551615"},
      {"1.0", "got 1.0"},
      {"true", "got true"},
      {"null", "got null"},
  };
  for (const auto& [body, what] : table) {
    const auto document = ParseJsonObject(Padded(body));
    ASSERT_FALSE(document);
    EXPECT_THAT(document.error().message, HasSubstr(what));
  }
}

TEST(JsonTest, KindsTellIntegersFromDoubles) {
  const auto document =
      ParseJson(Padded(R"([null, true, -1, 9223372036854775808, 1.0, 1e2, "s", [], {}])"));
  ASSERT_TRUE(document);
  const std::vector<JsonKind> expected = {JsonKind::kNull,   JsonKind::kBool,   JsonKind::kInt64,
                                          JsonKind::kUint64, JsonKind::kDouble, JsonKind::kDouble,
                                          JsonKind::kString, JsonKind::kArray,  JsonKind::kObject};
  JsonElements elements(*document);
  for (const JsonKind kind : expected) EXPECT_EQ(elements.Next()->kind(), kind);
  EXPECT_FALSE(elements.Next());
}

TEST(JsonTest, MembersComeInOrderWithEscapesResolved) {
  const std::string body = Padded(R"({"z": 1, "\u0061\n": "x\ty", "": {"n": [1, 2]}})");
  const auto document = ParseJson(body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->Size(), 3U);
  JsonMembers members(*document);
  EXPECT_EQ(members.Next()->key, "z");
  const auto second = members.Next();
  EXPECT_EQ(second->key, "a\n");
  EXPECT_EQ(second->value.Text(), "x\ty");
  const auto third = members.Next();
  EXPECT_EQ(third->key, "");
  EXPECT_TRUE(third->value.IsObject());
  EXPECT_FALSE(members.Next());
}

template <typename T>
bool CanRead(const std::string& text) {
  const std::string body = Padded(text);
  T value{};
  return ParseJson(body).value().template Read<T>(value);
}

TEST(JsonTest, IntegersAreExactAndInRange) {
  EXPECT_TRUE(CanRead<std::int8_t>("-128"));
  EXPECT_FALSE(CanRead<std::int8_t>("128"));
  EXPECT_TRUE(CanRead<std::uint8_t>("255"));
  EXPECT_FALSE(CanRead<std::uint8_t>("256"));
  EXPECT_FALSE(CanRead<std::uint8_t>("-1"));
  EXPECT_FALSE(CanRead<std::int16_t>("32768"));
  EXPECT_FALSE(CanRead<std::uint16_t>("65536"));
  EXPECT_FALSE(CanRead<std::int32_t>("2147483648"));
  EXPECT_FALSE(CanRead<std::uint32_t>("4294967296"));
  EXPECT_TRUE(CanRead<std::int64_t>("-9223372036854775808"));
  EXPECT_FALSE(CanRead<std::int64_t>("9223372036854775808"));
  EXPECT_TRUE(CanRead<std::uint64_t>("18446744073709551615"));
  EXPECT_FALSE(CanRead<std::uint64_t>("-1"));
  EXPECT_FALSE(CanRead<std::int32_t>("1.0"));
  EXPECT_FALSE(CanRead<std::int32_t>("true"));
  EXPECT_FALSE(CanRead<std::int32_t>("\"1\""));
  EXPECT_FALSE(CanRead<std::int32_t>("null"));
  EXPECT_FALSE(CanRead<bool>("1"));
  EXPECT_FALSE(CanRead<std::string>("1"));
  EXPECT_FALSE(CanRead<double>("true"));
  EXPECT_FALSE(CanRead<float>("\"1\""));
}

float ReadFloat(const std::string& text) {
  const std::string body = Padded(text);
  float value = std::nanf("");
  EXPECT_TRUE(ParseJson(body).value().Read(value)) << text;
  return value;
}

TEST(JsonTest, FloatsAreRoundedOnceAndOverflowIsRefused) {
  EXPECT_EQ(ReadFloat("3"), 3.0F);
  EXPECT_EQ(ReadFloat("18446744073709551615"), 18446744073709551615.0F);
  EXPECT_EQ(ReadFloat("0.1"), 0.1F);
  EXPECT_TRUE(std::signbit(ReadFloat("-0.0")));
  EXPECT_EQ(ReadFloat("3.4028235e38"), std::numeric_limits<float>::max());
  EXPECT_EQ(ReadFloat("1e-45"), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(ReadFloat("1e-60"), 0.0F);
  EXPECT_FALSE(CanRead<float>("3.4028236e38"));
  EXPECT_FALSE(CanRead<float>("-1e39"));
  // Decimals so near to half-way between two floats that the nearest double is exactly half-way.
  EXPECT_EQ(ReadFloat("1.000000059604645"), std::nextafter(1.0F, 2.0F));
  EXPECT_EQ(ReadFloat("1.000000059604644"), 1.0F);
}

template <typename T>
std::string InScientific(T number) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific)
          .ptr;
  return {text.data(), end};
}

TEST(JsonTest, RandomFloatsAndDoublesReadBackWithTheSameBits) {
  const std::uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const auto twice = std::bit_cast<double>(bits);
    if (!std::isfinite(single) || !std::isfinite(twice)) continue;
    const std::string body = Padded("[" + InScientific(single) + "," + InScientific(twice) + "]");
    const auto document = ParseJson(body);
    ASSERT_TRUE(document) << body;
    float single_back = 0;
    double twice_back = 0;
    ASSERT_TRUE(document->At(0).Read(single_back) && document->At(1).Read(twice_back)) << body;
    ASSERT_EQ(single_back, single) << "seed " << seed << ": " << body;
    ASSERT_EQ(twice_back, twice) << "seed " << seed << ": " << body;
  }
}

// Two independent readers of the same grammar: the parser's verdict and the scanner's.
TEST(JsonSyntaxTest, AgreesWithTheParserOnRandomAndDamagedDocuments) {
  const std::uint64_t seed = TestSeed();
  RandomJson random(seed);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random.Value(6);
    for (std::size_t damage = random.Below(3); damage > 0; --damage) text = random.Damage(text);
    const std::string body = Padded(text);
    const auto document = ParseJson(body);
    const auto fault = FindSyntaxError(text, kUsualJsonDepth);
    if (document) {
      ASSERT_FALSE(fault) << "seed " << seed << ": " << text;
      continue;
    }
    ++refused;
    const std::string& why = document.error().message;
    const bool is_beyond_syntax = why.find("UTF-8") != std::string::npos ||
                                  why.find("comes twice") != std::string::npos ||
                                  text.find("\\u") != std::string::npos ||  // lone surrogates
                                  text.find_first_of("0123456789") != std::string::npos;  // 1e999
    ASSERT_TRUE(fault || is_beyond_syntax) << "seed " << seed << ": " << text << ": " << why;
  }
  EXPECT_GT(refused, 1000);
}

TEST(JsonSyntaxTest, PointsAtTheFirstOffendingByte) {
  const std::vector<std::pair<std::string, std::size_t>> table = {
      {"[1,]", 3}, {"{\"a\" 1}", 5}, {"truX", 3},        {"[1 2]", 3},      {"{} {}", 3},
      {"-", 1},    {"1.x", 2},       {"\"\\u12x4\"", 5}, {"{\"a\":1,}", 7}, {"{x", 1},
      {"[", 1},    {"[\"a\\", 4},    {"[[]", 3},         {"[}", 1},
  };
  for (const auto& [text, at] : table) EXPECT_EQ(FindSyntaxError(text, 64), at) << text;
  for (const std::string text :
       {"0", " [ ] ", "{\"a\":[1,{\"b\":null}],\"c\":-1.5E+3}", "\"\\u00e9\""}) {
    EXPECT_EQ(FindSyntaxError(text, 64), std::nullopt) << text;
  }
  EXPECT_EQ(FindSyntaxError("[[1]]", 1), 1U);
}

}  // namespace
}  // namespace baton::api
