// JSON text: escapes, broken UTF-8, numbers that read back as the same bits, and commas.
#include "server/base/json_writer.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace baton {
namespace {

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

template <typename T>
std::string JsonNumber(T number) {
  std::string out;
  AppendJsonNumber(out, number);
  return out;
}

template <typename T>
T ReadBack(const std::string& text) {
  T number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  EXPECT_EQ(failure, std::errc()) << text;
  EXPECT_EQ(end, text.data() + text.size()) << text;
  return number;
}

TEST(JsonStringTest, PlainTextIsQuotedAsItIs) {
  EXPECT_EQ(JsonString(""), R"("")");
  EXPECT_EQ(JsonString("baton keeps time/"), R"("baton keeps time/")");
}

TEST(JsonStringTest, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(JsonString("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(JsonString(std::string_view("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
}

TEST(JsonStringTest, WellFormedUtf8OfEveryLengthIsKept) {
  const std::string text =
      "\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF "
      "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
  EXPECT_EQ(JsonString(text), '"' + text + '"');
}

TEST(JsonStringTest, BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  const std::string r = "\xEF\xBF\xBD";
  struct Case {
    std::string_view bytes;
    std::string expected;
  };
  const Case cases[] = {
      {"\x80", r},                          // a tail alone
      {"\xC0\xAF", r + r},                  // overlong
      {"\xC1\xBF", r + r},                  // overlong
      {"\xE0\x9F\xBF", r + r + r},          // overlong
      {"\xED\xA0\x80", r + r + r},          // a surrogate
      {"\xF0\x8F\xBF\xBF", r + r + r + r},  // overlong
      {"\xF4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80", r + r + r + r},  // no lead byte
      {"\xFF", r},
      {"a\xC3", "a" + r},  // cut short at the end
      {"\xE2\x82", r + r},
      {"\xF0\x9F\x98", r + r + r},
      {"\xC3(", r + "("},  // cut short by a character
      {"\xE2\x82\"", r + r + "\\\""},
  };
  for (const Case& c : cases) EXPECT_EQ(JsonString(c.bytes), '"' + c.expected + '"');
}

TEST(JsonNumberTest, IntegersOfEveryWidthAreExact) {
  EXPECT_EQ(JsonNumber(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(JsonNumber(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(JsonNumber(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(JsonNumber(std::int64_t{0}), "0");
}

TEST(JsonNumberTest, TheShortestTextIsWritten) {
  EXPECT_EQ(JsonNumber(0.1), "0.1");
  EXPECT_EQ(JsonNumber(0.1F), "0.1");
  EXPECT_EQ(JsonNumber(5.0), "5");
  EXPECT_EQ(JsonNumber(1e100), "1e+100");
}

TEST(JsonNumberTest, AFloatThatAReaderWouldTakeForAnotherIntegerHasAFraction) {
  EXPECT_EQ(JsonNumber(-0.0), "-0.0");
  EXPECT_EQ(JsonNumber(-0.0F), "-0.0");
  EXPECT_EQ(JsonNumber(0x1p64), "18446744073709551616.0");
  EXPECT_EQ(JsonNumber(-0x1p64), "-18446744073709551616.0");
  EXPECT_EQ(JsonNumber(0x1p52), "4503599627370496");
}

TEST(JsonNumberTest, NumbersThatJsonCannotSayAreNull) {
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(JsonNumber(-std::numeric_limits<float>::infinity()), "null");
}

TEST(JsonNumberTest, DoublesReadBackAsTheSameBits) {
  using Limits = std::numeric_limits<double>;
  for (const double number : {Limits::min(), Limits::max(), Limits::denorm_min(), Limits::lowest(),
                              1.0 / 3, std::nextafter(1.0, 2.0)}) {
    EXPECT_EQ(ReadBack<double>(JsonNumber(number)), number);
  }
  constexpr std::uint64_t kSeed = 20;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 10'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    ASSERT_EQ(ReadBack<double>(JsonNumber(number)), number) << "seed " << kSeed << " at " << i;
  }
}

TEST(JsonNumberTest, FloatsReadBackAsTheSameBits) {
  constexpr std::uint64_t kSeed = 21;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 10'000; ++i) {
    const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(number)) continue;
    ASSERT_EQ(ReadBack<float>(JsonNumber(number)), number) << "seed " << kSeed << " at " << i;
  }
}

TEST(JsonWriterTest, CommasAndColonsStandWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("empty").BeginArray().EndArray();
  json.Key("list").BeginArray().Number(1).Bool(false).Null().String("x");
  json.BeginObject().EndObject().BeginArray().Number(2).EndArray().EndArray();
  json.Key("raw").Raw("{}");
  json.EndObject();
  EXPECT_EQ(out, R"({"empty":[],"list":[1,false,null,"x",{},[2]],"raw":{}})");
}

TEST(JsonWriterTest, EveryKindOfNumberKeepsItsValue) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.Number(std::int8_t{-128}).Number(std::uint8_t{255}).Number(0.1F).Number(0.1);
  json.Number(std::numeric_limits<std::uint64_t>::max());
  json.EndArray();
  EXPECT_EQ(out, "[-128,255,0.1,0.1,18446744073709551615]");
}

TEST(JsonWriterTest, KeysAreEscapedAndWhatIsThereIsKept) {
  std::string out = "before ";
  JsonWriter(out).BeginObject().Key("a\"b").Bool(true).EndObject();
  EXPECT_EQ(out, R"(before {"a\"b":true})");
}

}  // namespace
}  // namespace baton
