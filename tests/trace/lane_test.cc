#include "server/trace/lane.h"

#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace baton::trace {
namespace {

TEST(LaneTest, HoldsSoManyAndNoMore) {
  Lane<int> lane(2);
  const auto put = [&lane](int value) {
    return lane.TryPut([value](int& place) { place = value; });
  };
  int taken = 0;
  const auto take = [&] { return lane.TryTake([&taken](int value) { taken = value; }); };
  EXPECT_FALSE(take());
  EXPECT_TRUE(put(1));
  EXPECT_TRUE(put(2));
  EXPECT_FALSE(put(3));
  EXPECT_TRUE(take());
  EXPECT_EQ(taken, 1);
  EXPECT_TRUE(put(4));
  EXPECT_TRUE(take());
  EXPECT_EQ(taken, 2);
  EXPECT_TRUE(take());
  EXPECT_EQ(taken, 4);
  EXPECT_FALSE(take());
}

TEST(LaneTest, WhoKeepsPlacesFreeLeavesThemToOthers) {
  Lane<int> lane(4);
  const auto put = [&lane](std::size_t keep_free) {
    return lane.TryPut([](int& place) { place = 1; }, keep_free);
  };
  EXPECT_TRUE(put(2));
  EXPECT_TRUE(put(2));
  EXPECT_FALSE(put(2));
  EXPECT_TRUE(put(0));
  EXPECT_TRUE(put(0));
  EXPECT_FALSE(put(0));
  EXPECT_FALSE(put(8)) << "more than there are";
}

TEST(LaneTest, PlacesKeepWhatTheirValuesHaveAllocated) {
  Lane<std::string> lane(1);
  const char* first = nullptr;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(lane.TryPut([&first](std::string& place) {
      place.assign(100, 'x');
      if (first == nullptr) first = place.data();
      EXPECT_EQ(place.data(), first);
    }));
    EXPECT_TRUE(lane.TryTake([](const std::string& text) { EXPECT_EQ(text.size(), 100u); }));
  }
}

TEST(LaneTest, TwoThreadsPassEverythingOnInOrder) {
  constexpr std::uint64_t kCount = 100'000;
  Lane<std::string> lane(8);
  std::jthread putter([&lane] {
    for (std::uint64_t i = 0; i < kCount;) {
      if (lane.TryPut([i](std::string& place) { place = std::to_string(i) + " of many others"; })) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (std::uint64_t i = 0; i < kCount;) {
    const bool has_taken = lane.TryTake([&i](const std::string& text) {
      ASSERT_EQ(text, std::to_string(i) + " of many others");
      ++i;
    });
    if (!has_taken) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace baton::trace
