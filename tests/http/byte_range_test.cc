// Which part of a file a Range header picks.
#include "server/http/byte_range.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

using Kind = ByteRange::Kind;

void ExpectPart(const std::string& header, std::uint64_t of, std::uint64_t first,
                std::uint64_t size) {
  const ByteRange range = ChooseRange(header, of);
  EXPECT_EQ(range.kind, Kind::kPart) << header;
  EXPECT_EQ(range.first, first) << header;
  EXPECT_EQ(range.size, size) << header;
}

TEST(ByteRangeTest, APartIsGivenByItsFirstAndLastByte) {
  ExpectPart("bytes=0-0", 10, 0, 1);
  ExpectPart("bytes=2-5", 10, 2, 4);
  ExpectPart("bytes=9-9", 10, 9, 1);
  ExpectPart("Bytes= 2-5 ", 10, 2, 4);
}

TEST(ByteRangeTest, AnEndBehindTheFileIsTheFilesEnd) {
  ExpectPart("bytes=2-10", 10, 2, 8);
  ExpectPart("bytes=0-18446744073709551615", 10, 0, 10);
  ExpectPart("bytes=9-99999999999999999999999999", 10, 9, 1);
}

TEST(ByteRangeTest, AnOpenPartGoesToTheEnd) {
  ExpectPart("bytes=0-", 10, 0, 10);
  ExpectPart("bytes=7-", 10, 7, 3);
}

TEST(ByteRangeTest, ASuffixIsTheLastBytes) {
  ExpectPart("bytes=-3", 10, 7, 3);
  ExpectPart("bytes=-10", 10, 0, 10);
  ExpectPart("bytes=-99999999999999999999999999", 10, 0, 10);
}

TEST(ByteRangeTest, WhatBeginsBehindTheEndCannotBeSatisfied) {
  for (const char* header :
       {"bytes=10-", "bytes=10-12", "bytes=99999999999999999999999999-", "bytes=-0"}) {
    EXPECT_EQ(ChooseRange(header, 10).kind, Kind::kUnsatisfiable) << header;
  }
  EXPECT_EQ(ChooseRange("bytes=0-", 0).kind, Kind::kUnsatisfiable);
}

TEST(ByteRangeTest, TheLastBytesOfAnEmptyFileAreTheWholeOfIt) {
  EXPECT_EQ(ChooseRange("bytes=-5", 0).kind, Kind::kWhole);
}

TEST(ByteRangeTest, WhatIsNoRangeOfOursIsTheWhole) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-2", "bytes=1-2-3",
        "bytes=1 -2", "bytes=+1-2", "bytes=0x1-2", "lines=1-2", "bytes 1-2", "=1-2", "bytes=--2"}) {
    const ByteRange range = ChooseRange(header, 10);
    EXPECT_EQ(range.kind, Kind::kWhole) << header;
    EXPECT_EQ(range.first, 0u) << header;
    EXPECT_EQ(range.size, 10u) << header;
  }
}

TEST(ByteRangeTest, SeveralRangesAreTheWhole) {
  EXPECT_EQ(ChooseRange("bytes=0-0,2-3", 10).kind, Kind::kWhole);
  std::string many = "bytes=0-";
  for (int i = 1; i < 1300; ++i) many += "," + std::to_string(i) + "-";
  EXPECT_EQ(ChooseRange(many, 10).kind, Kind::kWhole);
}

}  // namespace
}  // namespace baton::http
