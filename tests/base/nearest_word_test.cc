// Which word is said to have been meant.
#include "server/base/nearest_word.h"

#include <string_view>

#include <gtest/gtest.h>

namespace baton {
namespace {

constexpr std::string_view kWords[] = {"max_size", "max_delay", "kind"};

TEST(NearestWordTest, TheOneWithTheFewestLettersToChangeIsMeant) {
  EXPECT_EQ(NearestWord("max_siez", kWords), "max_size");
  EXPECT_EQ(NearestWord("maxdelay", kWords), "max_delay");
  EXPECT_EQ(NearestWord("kin", kWords), "kind");
  EXPECT_EQ(NearestWord("kind", kWords), "kind");
}

TEST(EditDistanceTest, LettersThatAreChangedPutInOrTakenOutCount) {
  EXPECT_EQ(EditDistance("workers", "workers"), 0u);
  EXPECT_EQ(EditDistance("worker", "workers"), 1u);
  EXPECT_EQ(EditDistance("wrokers", "workers"), 2u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(NearestWordTest, NoneIsMeantThatDiffersByMoreThanHalf) {
  EXPECT_EQ(NearestWord("zebra", kWords), "");
  EXPECT_EQ(NearestWord("", kWords), "");
  EXPECT_EQ(NearestWord("max_size", {}), "");
}

TEST(NearestWordTest, OfEquallyNearOnesTheFirstIsMeant) {
  constexpr std::string_view kTwins[] = {"bat", "cat"};
  EXPECT_EQ(NearestWord("rat", kTwins), "bat");
}

}  // namespace
}  // namespace baton
