// Whole numbers, and what is none.
#include "server/base/whole_number.h"

#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(ParseWholeNumberTest, DigitsAreOneUpToTheLargestOfTheType) {
  EXPECT_EQ(ParseWholeNumber<std::uint64_t>("0"), 0u);
  EXPECT_EQ(ParseWholeNumber<std::uint64_t>("007"), 7u);
  EXPECT_EQ(ParseWholeNumber<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseWholeNumber<std::uint8_t>("255"), 255u);
}

TEST(ParseWholeNumberTest, AnythingElseIsNone) {
  for (const char* text : {"", "-1", "-0", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "1,1", "one",
                           "18446744073709551616"}) {
    EXPECT_EQ(ParseWholeNumber<std::uint64_t>(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseWholeNumber<std::uint8_t>("256"), std::nullopt);
}

}  // namespace
}  // namespace baton
