#include "server/access/presented.h"

#include <gtest/gtest.h>

namespace baton::access {
namespace {

TEST(PresentedTest, BearerIsReadInAnyCaseAndTrimmed) {
  EXPECT_EQ(BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(BearerToken("bearer  abc "), "abc");
  EXPECT_EQ(BearerToken("BEARER\tabc"), "abc");
}

TEST(PresentedTest, OtherSchemesAreNone) {
  for (const auto* text : {"", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "abc", "Bear abc",
                           " Bearer abc", "Bearers abc"}) {
    EXPECT_EQ(BearerToken(text), "") << text;
  }
}

TEST(PresentedTest, HeaderOfOurOwnWins) {
  EXPECT_EQ(PresentedKey("Bearer theirs", "ours"), "ours");
  EXPECT_EQ(PresentedKey("Bearer theirs", ""), "");
  EXPECT_EQ(PresentedKey("Bearer theirs", std::nullopt), "theirs");
  EXPECT_EQ(PresentedKey(std::nullopt, " ours "), "ours");
  EXPECT_EQ(PresentedKey(std::nullopt, std::nullopt), "");
}

}  // namespace
}  // namespace baton::access
