#include "server/access/token.h"

#include <cctype>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::access {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSumOfAbc =  // FIPS 180-2, B.1
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(TokenTest, IsThePrefixAndRandomLettersAndDigits) {
  std::set<std::string> tokens;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string token = *NewToken();
    EXPECT_EQ(token.size(), kTokenPrefix.size() + 43);
    EXPECT_TRUE(token.starts_with(kTokenPrefix));
    for (const char c : token.substr(kTokenPrefix.size())) {
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
      letters.insert(c);
    }
    tokens.insert(token);
  }
  EXPECT_EQ(tokens.size(), 200U);
  EXPECT_EQ(letters.size(), 62U);  // 8600 draws miss one with a chance of 10^-59
}

TEST(TokenTest, DigestIsItsSha256) { EXPECT_EQ(ToText(DigestOf("abc")), kSumOfAbc); }

TEST(TokenTest, DigestIsReadInBothCasesAndComparedWhole) {
  std::string capitals = kSumOfAbc;
  for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_TRUE(AreEqual(*ParseDigest(kSumOfAbc), DigestOf("abc")));
  EXPECT_TRUE(AreEqual(*ParseDigest(capitals), DigestOf("abc")));
  for (const std::size_t at : {std::size_t{0}, std::size_t{15}, std::size_t{31}}) {
    Digest other = DigestOf("abc");
    other[at] ^= 1;
    EXPECT_FALSE(AreEqual(other, DigestOf("abc"))) << at;
  }
}

TEST(TokenTest, WhatIsNoDigestIsRefusedAndNotRepeated) {
  const std::string token = *NewToken();
  std::string odd = kSumOfAbc;
  odd[63] = 'g';
  for (const std::string& text : {token, std::string("hunter2"), std::string(), odd}) {
    const auto digest = ParseDigest(text);
    ASSERT_FALSE(digest.has_value());
    EXPECT_TRUE(text.empty() || digest.error().message.find(text) == std::string::npos);
  }
  EXPECT_THAT(ParseDigest(token).error().message, HasSubstr("got a token"));
}

TEST(TokenTest, TokensAreStruckOutOfTexts) {
  const std::string token = *NewToken();
  const std::string cut = token.substr(0, 30);
  EXPECT_EQ(WithoutTokens(token), "baton_***");
  EXPECT_EQ(WithoutTokens("/etc/baton_keys.yaml: '" + token + "', '" + cut + "...'"),
            "/etc/baton_keys.yaml: 'baton_***', 'baton_***...'");
  EXPECT_EQ(WithoutTokens("baton_"), "baton_");
  EXPECT_EQ(WithoutTokens("nothing"), "nothing");
}

}  // namespace
}  // namespace baton::access
