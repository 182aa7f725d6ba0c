// What is recent, and what is forgotten.
#include "server/serve/recent_range.h"

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{10s};

TEST(RecentRangeTest, OfNothingTheSmallestIsTheLargestThereCanBe) {
  const RecentRange range;
  EXPECT_EQ(range.smallest(), Duration::max());
  EXPECT_EQ(range.largest(), 0ms);
}

TEST(RecentRangeTest, KeepsBothEnds) {
  RecentRange range;
  for (const Duration value : {20ms, 10ms, 30ms}) range.Note(value, kStart);
  EXPECT_EQ(range.smallest(), 10ms);
  EXPECT_EQ(range.largest(), 30ms);
}

TEST(RecentRangeTest, RemembersForASecondAtLeast) {
  RecentRange range;
  range.Note(10ms, kStart);
  range.Note(30ms, kStart + 999ms);
  range.Note(20ms, kStart + 1998ms);
  EXPECT_EQ(range.smallest(), 10ms);
  EXPECT_EQ(range.largest(), 30ms);
}

TEST(RecentRangeTest, ForgetsAfterTwoSeconds) {
  RecentRange range;
  range.Note(10ms, kStart);
  range.Note(20ms, kStart + 1s);
  range.Note(20ms, kStart + 2s);
  EXPECT_EQ(range.smallest(), 20ms);
  EXPECT_EQ(range.largest(), 20ms);
}

TEST(RecentRangeTest, WhenNobodyComesItForgetsAllTheSame) {
  RecentRange range;
  range.Note(10ms, kStart);
  range.Advance(kStart + 1s);
  EXPECT_EQ(range.smallest(), 10ms);
  range.Advance(kStart + 2s);
  EXPECT_EQ(range.smallest(), Duration::max());
  EXPECT_EQ(range.largest(), 0ms);
}

}  // namespace
}  // namespace baton::serve
