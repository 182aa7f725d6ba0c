// Expanding and compressing: bounds, damage, members, and being told to stop.
#include "server/http/gzip.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::http {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kPieceBytes = std::size_t{64} << 10U;

bool Always() { return true; }

std::string Zip(std::string_view plain) {
  auto zipped = Compress(plain, Always);
  EXPECT_TRUE(zipped.has_value());
  return zipped.value_or("");
}

// JSON as it compresses in life: about twofold.
std::string Numbers(std::size_t count) {
  std::mt19937 random(1);
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(random() % 10'000'000) + ",";
  text.back() = ']';
  return text;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// The sizes that zipped data tells of itself are its last four bytes, the lowest first.
std::string ClaimingSize(std::string zipped, std::uint32_t size) {
  for (std::size_t i = zipped.size() - 4; i < zipped.size(); ++i, size >>= 8U) {
    zipped[i] = static_cast<char>(size & 0xFFU);
  }
  return zipped;
}

// A member of no bytes.
std::string EmptyMember() { return FromHex("1f8b080000000000020303000000000000000000"); }

ErrorCode CodeOf(std::string_view zipped, std::size_t max_bytes = kMiB) {
  const auto expanded = Expand(zipped, max_bytes, Always);
  EXPECT_FALSE(expanded.has_value());
  return expanded ? ErrorCode::kInternal : expanded.error().code;
}

std::string MessageOf(std::string_view zipped, std::size_t max_bytes = kMiB) {
  const auto expanded = Expand(zipped, max_bytes, Always);
  EXPECT_FALSE(expanded.has_value());
  return expanded ? "" : expanded.error().message;
}

TEST(GzipTest, WhatWasCompressedComesBackWithSpareCapacity) {
  for (const std::size_t size : {std::size_t{100}, kPieceBytes - 1, kPieceBytes, kPieceBytes + 1,
                                 4 * kPieceBytes, std::size_t{300'007}}) {
    const std::string plain = Numbers(size / 7).substr(0, size);
    const auto expanded = Expand(Zip(plain), kMiB, Always);
    ASSERT_TRUE(expanded.has_value()) << expanded.error().message;
    EXPECT_EQ(*expanded, plain);
    EXPECT_GE(expanded->capacity(), plain.size() + 64);
  }
}

TEST(GzipTest, AHeaderWithEveryOptionalFieldIsRead) {
  const std::string zipped = FromHex(
      "1f8b081e0102030402030400616200006e616d65006120636f6d6d656e74001e75ab564a492c4954b25288564a4c"
      "4a568aad050028707bf811000000");
  EXPECT_EQ(Expand(zipped, kMiB, Always).value(), R"({"data": ["abc"]})");
}

TEST(GzipTest, NothingCompressedIsAnEmptyBody) {
  EXPECT_EQ(Expand(EmptyMember(), kMiB, Always).value(), "");
}

TEST(GzipTest, MembersOneAfterTheOtherAreOneBody) {
  const std::string a = Numbers(20);
  const std::string b = Numbers(20'000);
  const auto expanded = Expand(Zip(a) + EmptyMember() + Zip(b) + EmptyMember(), kMiB, Always);
  ASSERT_TRUE(expanded.has_value()) << expanded.error().message;
  EXPECT_EQ(*expanded, a + b);
}

TEST(GzipTest, TheBoundIsOnAllMembersTogetherAndIsItselfAllowed) {
  const std::string plain = Numbers(20'000);
  const std::string zipped = Zip(plain);
  EXPECT_TRUE(Expand(zipped, plain.size(), Always).has_value());
  EXPECT_EQ(CodeOf(zipped, plain.size() - 1), ErrorCode::kTooLarge);
  EXPECT_TRUE(Expand(zipped + zipped, 2 * plain.size(), Always).has_value());
  EXPECT_EQ(CodeOf(zipped + zipped, 2 * plain.size() - 1), ErrorCode::kTooLarge);
  EXPECT_EQ(MessageOf(zipped, 1000), "the body expands to more than 1000 bytes");
}

TEST(GzipTest, CapacityStaysWithinTheBound) {
  const std::string plain(900'000, ' ');
  const auto expanded = Expand(Zip(plain), plain.size(), Always);
  EXPECT_LE(expanded.value().capacity(), plain.size() + 64);
}

TEST(GzipTest, ABombThatSaysSoIsRefusedAfterItsFirstPiece) {
  const std::string bomb = Zip(std::string(2 * kMiB, ' '));
  int pieces = 0;
  const auto expanded = Expand(bomb, kMiB / 4, [&] { return ++pieces > 0; });
  EXPECT_EQ(expanded.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(pieces, 1);
}

TEST(GzipTest, ABombThatLiesIsRefusedAtTheBound) {
  const std::string bomb = ClaimingSize(Zip(std::string(2 * kMiB, ' ')), 10);
  int pieces = 0;
  const auto expanded = Expand(bomb, kMiB / 4, [&] { return ++pieces > 0; });
  EXPECT_EQ(expanded.error().code, ErrorCode::kTooLarge);
  EXPECT_LE(pieces, static_cast<int>(kMiB / 4 / kPieceBytes) + 1);
}

TEST(GzipTest, ASizeThatIsOnlyClaimedIsCorruptAndNotTooLarge) {
  const std::string zipped = Zip(Numbers(20'000));
  EXPECT_EQ(CodeOf(ClaimingSize(zipped, 0xFFFFFFFFU)), ErrorCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(ClaimingSize(zipped, 0xFFFFFFFFU)), HasSubstr("incorrect length check"));
}

TEST(GzipTest, DataCutShortAnywhereIsRefused) {
  const std::string zipped = Zip(Numbers(200));
  for (std::size_t size = 0; size < zipped.size(); ++size) {
    EXPECT_EQ(CodeOf(zipped.substr(0, size)), ErrorCode::kInvalidArgument) << size;
    EXPECT_EQ(
        MessageOf(zipped.substr(0, size)),
        "the body is no valid gzip: cut short at its end (byte " + std::to_string(size) + ")");
  }
}

TEST(GzipTest, ASecondMemberCutShortIsRefused) {
  const std::string zipped = Zip(Numbers(200));
  for (const std::size_t size : {1U, 2U, 9U, 10U, 50U}) {
    EXPECT_THAT(MessageOf(zipped + zipped.substr(0, size)), HasSubstr("cut short"));
  }
}

TEST(GzipTest, DamageAnywhereInDataOrChecksumsIsRefused) {
  const std::string zipped = Zip(Numbers(200));
  for (std::size_t i = 10; i < zipped.size(); ++i) {
    std::string damaged = zipped;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(CodeOf(damaged), ErrorCode::kInvalidArgument) << i;
  }
  std::string damaged = zipped;
  damaged[zipped.size() - 5] = static_cast<char>(damaged[zipped.size() - 5] ^ 1);
  EXPECT_THAT(MessageOf(damaged), HasSubstr("incorrect data check"));
}

TEST(GzipTest, WhatFollowsTheDataIsRefusedWithItsPlace) {
  const std::string zipped = Zip(Numbers(200));
  const std::string place = "(byte " + std::to_string(zipped.size()) + ")";
  for (const std::string& rest : {std::string("x"), std::string("\n"), std::string("{}"),
                                  std::string("\x1f\x8c"), std::string(4, '\0')}) {
    EXPECT_EQ(MessageOf(zipped + rest), "the body is no valid gzip: something follows it " + place);
  }
}

TEST(GzipTest, OtherFormatsAreNoGzip) {
  const std::vector<std::string> others = {
      R"({"data": ["abc"]})",
      FromHex("789cab564a492c4954b25288564a4c4a568aad05002fef0553"),  // zlib's own
      FromHex("28b52ffd"), std::string(100, '\0'), "\x1f\x8b\x09 no such method"};
  for (const std::string& other : others) {
    EXPECT_EQ(CodeOf(other), ErrorCode::kInvalidArgument);
    EXPECT_THAT(MessageOf(other), HasSubstr("the body is no valid gzip: "));
  }
}

TEST(GzipTest, ExpandingEndsWhenItIsToldTo) {
  const std::string zipped = Zip(Numbers(50'000));
  int pieces = 0;
  const auto expanded = Expand(zipped, kMiB, [&] { return ++pieces < 4; });
  EXPECT_EQ(expanded.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(pieces, 4);
  EXPECT_TRUE(Expand(zipped, kMiB, Always).has_value()) << "what was left over is forgotten";
}

TEST(GzipTest, MembersOfNothingEndWhenTheyAreToldTo) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += EmptyMember();
  int pieces = 0;
  EXPECT_EQ(Expand(many, kMiB, [&] { return ++pieces < 10; }).error().code,
            ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(Expand(many, kMiB, Always).value(), "");
}

TEST(GzipTest, CompressingEndsWhenItIsToldTo) {
  const std::string plain = Numbers(50'000);
  int pieces = 0;
  EXPECT_FALSE(Compress(plain, [&] { return ++pieces < 4; }).has_value());
  EXPECT_EQ(pieces, 4);
  EXPECT_EQ(Expand(Zip(plain), kMiB, Always).value(), plain) << "what was left over is forgotten";
}

TEST(GzipTest, WhatGetsNoSmallerIsNotCompressed) {
  EXPECT_FALSE(Compress("", Always).has_value());
  EXPECT_FALSE(Compress("{}", Always).has_value());
  std::mt19937 random(1);
  std::string noise(200'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_FALSE(Compress(noise, Always).has_value());
}

}  // namespace
}  // namespace baton::http
