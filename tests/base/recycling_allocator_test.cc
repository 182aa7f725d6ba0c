// Memory that comes round, its bound, and its use by the standard library.
#include "server/base/recycling_allocator.h"

#include <future>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

struct First {
  int value[8];
};
struct Second {
  int value[8];
};
struct Third {
  int value[8];
};

TEST(RecyclingAllocatorTest, WhatIsGivenBackIsTheNextToBeHadOnThatThread) {
  if (kHasAddressSanitizer) GTEST_SKIP() << "nothing is kept under the address sanitizer";
  RecyclingAllocator<First> allocator;
  First* const place = allocator.allocate(1);
  allocator.deallocate(place, 1);
  First* elsewhere = nullptr;
  std::thread([&] {
    RecyclingAllocator<First> other;
    elsewhere = other.allocate(1);
  }).join();
  EXPECT_NE(elsewhere, place);
  EXPECT_EQ(allocator.allocate(1), place);
  allocator.deallocate(place, 1);
  allocator.deallocate(elsewhere, 1);
}

TEST(RecyclingAllocatorTest, WhatIsInUseIsNeverHandedOutAgain) {
  RecyclingAllocator<Second> allocator;
  std::set<Second*> in_use;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(in_use.insert(allocator.allocate(1)).second);
  Second* const several = allocator.allocate(3);
  EXPECT_FALSE(in_use.contains(several));
  allocator.deallocate(several, 3);
  for (Second* const place : in_use) allocator.deallocate(place, 1);
}

TEST(RecyclingAllocatorTest, NoMoreThanItsBoundIsKept) {
  RecyclingAllocator<Third> allocator;
  std::vector<Third*> places;
  for (std::size_t i = 0; i < allocator.kKept + 10; ++i) places.push_back(allocator.allocate(1));
  for (Third* const place : places) allocator.deallocate(place, 1);
  EXPECT_EQ(allocator.kept(), allocator.kKept);
}

TEST(RecyclingAllocatorTest, APromiseThatIsMadeWithItKeepsItsWord) {
  for (int i = 0; i < 3; ++i) {
    std::promise<int> promise(std::allocator_arg, RecyclingAllocator<int>());
    std::future<int> future = promise.get_future();
    std::thread([promise = std::move(promise), i]() mutable { promise.set_value(i); }).join();
    EXPECT_EQ(future.get(), i);
  }
}

}  // namespace
}  // namespace baton
