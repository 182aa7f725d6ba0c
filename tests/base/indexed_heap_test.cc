// The heap against a plain ordered set under random operations, its ties, and handles gone stale.
#include "server/base/indexed_heap.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

using Heap = IndexedHeap<int, int>;

TEST(IndexedHeapTest, TheSmallestKeyLeavesFirst) {
  Heap heap;
  for (const int key : {5, 1, 4, 2, 3}) heap.Insert(key, key * 10);
  EXPECT_EQ(heap.size(), 5u);
  for (const int key : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(heap.MinKey(), key);
    EXPECT_EQ(heap.MinValue(), key * 10);
    EXPECT_EQ(heap.TakeMin(), key * 10);
  }
  EXPECT_TRUE(heap.empty());
}

TEST(IndexedHeapTest, EqualKeysLeaveInTheOrderTheyCame) {
  Heap heap;
  std::vector<Heap::Handle> handles;
  for (int i = 0; i < 100; ++i) handles.push_back(heap.Insert(i % 3, i));
  for (int i = 0; i < 100; i += 7) heap.Erase(handles[static_cast<std::size_t>(i)]);
  int last_key = 0;
  int last_value = -1;
  while (!heap.empty()) {
    const int key = heap.MinKey();
    const int value = heap.TakeMin();
    if (key == last_key) {
      EXPECT_GT(value, last_value);
    }
    EXPECT_GE(key, last_key);
    last_key = key;
    last_value = value;
  }
}

TEST(IndexedHeapTest, AHandleTakesItsEntryOutOfTheMiddle) {
  Heap heap;
  heap.Insert(1, 10);
  const Heap::Handle middle = heap.Insert(2, 20);
  heap.Insert(3, 30);
  EXPECT_TRUE(heap.Contains(middle));
  EXPECT_EQ(heap.Erase(middle), 20);
  EXPECT_EQ(heap.TakeMin(), 10);
  EXPECT_EQ(heap.TakeMin(), 30);
}

TEST(IndexedHeapTest, ADefaultHandleFindsNothing) {
  Heap heap;
  heap.Insert(1, 1);
  EXPECT_FALSE(heap.Contains(Heap::Handle{}));
}

TEST(IndexedHeapTest, AStaleHandleFindsNothingThoughItsSlotIsInUseAgain) {
  Heap heap;
  const Heap::Handle erased = heap.Insert(1, 1);
  heap.Erase(erased);
  const Heap::Handle taken = heap.Insert(1, 2);
  ASSERT_EQ(taken.slot, erased.slot);
  EXPECT_FALSE(heap.Contains(erased));
  EXPECT_EQ(heap.TakeMin(), 2);
  heap.Insert(1, 3);
  EXPECT_FALSE(heap.Contains(taken));
}

TEST(IndexedHeapTest, WhatLeavesIsNotKeptAliveByItsSlot) {
  IndexedHeap<int, std::shared_ptr<int>> heap;
  const auto value = std::make_shared<int>(1);
  const auto handle = heap.Insert(1, value);
  EXPECT_EQ(value.use_count(), 2);
  heap.Erase(handle);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(IndexedHeapDeathTest, TakingFromAnEmptyHeapEndsTheProcess) {
  Heap heap;
  EXPECT_DEATH(heap.TakeMin(), "check failed");
}

TEST(IndexedHeapDeathTest, ErasingByAStaleHandleEndsTheProcess) {
  Heap heap;
  const Heap::Handle handle = heap.Insert(1, 1);
  heap.TakeMin();
  EXPECT_DEATH(heap.Erase(handle), "check failed");
}

// A heap beside the ordered map that says what it should hold.
class CheckedHeap {
 public:
  explicit CheckedHeap(std::uint32_t seed) : random_(seed) {}

  void Step() {
    const auto choice = random_() % 10;
    if (choice < 5 || expected_.empty()) {
      Insert();
    } else if (choice < 7) {
      TakeMin();
    } else if (choice < 9) {
      EraseAny();
    } else {
      for (const Heap::Handle& handle : stale_) ASSERT_FALSE(heap_.Contains(handle));
    }
    ASSERT_EQ(heap_.size(), expected_.size());
    if (!expected_.empty()) {
      ASSERT_EQ(heap_.MinValue(), expected_.begin()->first.second);
    }
  }

 private:
  using Expected = std::map<std::pair<int, int>, Heap::Handle>;  // by key, then arrival

  void Insert() {
    const int key = static_cast<int>(random_() % 20);
    const int arrival = ++arrivals_;
    expected_.emplace(std::pair(key, arrival), heap_.Insert(key, arrival));
  }
  void TakeMin() {
    ASSERT_EQ(heap_.MinKey(), expected_.begin()->first.first);
    ASSERT_EQ(heap_.TakeMin(), expected_.begin()->first.second);
    Forget(expected_.begin());
  }
  void EraseAny() {
    const auto any =
        std::next(expected_.begin(), static_cast<std::ptrdiff_t>(random_() % expected_.size()));
    ASSERT_TRUE(heap_.Contains(any->second));
    ASSERT_EQ(heap_.Erase(any->second), any->first.second);
    Forget(any);
  }
  void Forget(Expected::iterator gone) {
    if (stale_.size() < 50) stale_.push_back(gone->second);
    expected_.erase(gone);
  }

  std::mt19937 random_;
  Heap heap_;
  Expected expected_;
  std::vector<Heap::Handle> stale_;
  int arrivals_ = 0;
};

TEST(IndexedHeapTest, RandomOperationsAgreeWithAnOrderedMap) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CheckedHeap heap(seed);
    for (int step = 0; step < 2000; ++step) {
      heap.Step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace baton
