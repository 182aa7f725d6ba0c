// Order, growth around the end, and what is held while it is empty.
#include "server/base/ring.h"

#include <array>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(RingTest, WhatCameFirstLeavesFirst) {
  std::mt19937 random(7);  // NOLINT: the same every time
  Ring<int> ring;
  std::deque<int> expected;
  for (int i = 0; i < 10'000; ++i) {
    if (expected.empty() || random() % 9 < 5) {
      ring.push_back(i);
      expected.push_back(i);
    } else {
      ASSERT_EQ(ring.front(), expected.front());
      ring.pop_front();
      expected.pop_front();
    }
    ASSERT_EQ(ring.size(), expected.size());
    if (!expected.empty()) {
      ASSERT_EQ(ring[expected.size() - 1], expected.back());
    }
  }
}

TEST(RingTest, WhatLeavesIsDestroyedAtOnce) {
  const auto shared = std::make_shared<int>(1);
  Ring<std::shared_ptr<int>> ring;
  ring.push_back(shared);
  ring.push_back(shared);
  EXPECT_EQ(shared.use_count(), 3);
  ring.pop_front();
  EXPECT_EQ(shared.use_count(), 2);
  ring.clear();
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_TRUE(ring.empty());
}

TEST(RingTest, TheRoomOfACrowdIsGivenBackAndThatOfOneIsKept) {
  Ring<int> ring;
  EXPECT_EQ(ring.capacity(), 0u);
  ring.push_back(1);
  ring.pop_front();
  EXPECT_EQ(ring.capacity(), 1u);
  for (int i = 0; i < 5; ++i) ring.push_back(i);
  EXPECT_EQ(ring.capacity(), 16u);
  while (!ring.empty()) ring.pop_front();
  EXPECT_EQ(ring.capacity(), 0u);
}

struct Entry {  // no other test's: what a thread keeps is by type
  std::array<char, 1024> bytes{};
};

TEST(RingTest, WhatOneGivesBackTheNextUses) {
  if (Ring<Entry>::kSpareBytes == 0) GTEST_SKIP() << "nothing is kept under the address sanitizer";
  Ring<Entry> first;
  for (int i = 0; i < 5; ++i) first.push_back({});
  EXPECT_EQ(Ring<Entry>::spare(16), 0u);
  first.clear();
  EXPECT_EQ(Ring<Entry>::spare(16), 1u);
  Ring<Entry> second;
  for (int i = 0; i < 5; ++i) second.push_back({});
  EXPECT_EQ(Ring<Entry>::spare(16), 0u);
}

TEST(RingTest, NoMoreIsKeptThanItsBound) {
  constexpr std::size_t kMost = Ring<Entry>::kSpareBytes / (16 * sizeof(Entry));
  std::vector<Ring<Entry>> rings(kMost + 3);
  for (Ring<Entry>& ring : rings) {
    for (int i = 0; i < 5; ++i) ring.push_back({});
  }
  for (Ring<Entry>& ring : rings) ring.clear();
  EXPECT_EQ(Ring<Entry>::spare(16), kMost);
}

}  // namespace
}  // namespace baton
