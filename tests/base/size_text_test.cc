// Sizes as operators type them, good and bad.
#include "server/base/size_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton {
namespace {

using testing::HasSubstr;

TEST(ParseSizeTest, WholeNumbersWithAUnitAreTaken) {
  struct Case {
    const char* text;
    std::uint64_t expected;
  };
  const Case cases[] = {{"0", 0},
                        {"1500", 1500},
                        {"512B", 512},
                        {"1KiB", 1024},
                        {"8MiB", 8 * 1024 * 1024},
                        {"1GiB", std::uint64_t{1} << 30},
                        {"1024GiB", std::uint64_t{1} << 40}};
  for (const Case& c : cases) {
    const Result<std::uint64_t> parsed = ParseSize(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParseSizeTest, EverythingElseIsAnErrorThatQuotesIt) {
  for (const char* text :
       {"", "MiB", "8 MiB", " 8MiB", "8MiB ", "-1B", "+1B", "1.5MiB", "8MB", "8mib", "8M", "0x10",
        "1025GiB", "18446744073709551615GiB", "99999999999999999999", "many"}) {
    const Result<std::uint64_t> parsed = ParseSize(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(parsed.error().message, HasSubstr("B, KiB, MiB, GiB"));
  }
}

TEST(FormatSizeTest, TheLargestUnitThatDividesItIsUsed) {
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(1500), "1500B");
  EXPECT_EQ(FormatSize(1024), "1KiB");
  EXPECT_EQ(FormatSize(1536 * 1024), "1536KiB");
  EXPECT_EQ(FormatSize(8 * 1024 * 1024), "8MiB");
  EXPECT_EQ(FormatSize(std::uint64_t{1} << 40), "1024GiB");
}

TEST(FormatSizeTest, WhatIsWrittenReadsBackAsTheSame) {
  for (const std::uint64_t bytes : {0UL, 1UL, 1023UL, 1025UL, 3UL << 20, (1UL << 40) - 1}) {
    const Result<std::uint64_t> parsed = ParseSize(FormatSize(bytes));
    ASSERT_TRUE(parsed) << bytes;
    EXPECT_EQ(*parsed, bytes);
  }
}

}  // namespace
}  // namespace baton
