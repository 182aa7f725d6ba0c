// Places for connections in all, and how they are shared by loops.
#include "server/net/connection_places.h"

#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::net {
namespace {

std::vector<std::size_t> Shares(const ConnectionPlaces& places, std::size_t loops) {
  std::vector<std::size_t> shares;
  for (std::size_t loop = 0; loop < loops; ++loop) shares.push_back(places.taken(loop));
  return shares;
}

TEST(ConnectionPlacesTest, OneLoopMayTakeAllOfThemAndNoMore) {
  ConnectionPlaces places(100, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(places.Take(0), 0u);
  EXPECT_FALSE(places.Take(0));
  places.GiveBack(0);
  EXPECT_TRUE(places.Take(0));
}

TEST(ConnectionPlacesTest, AllArePlacesOfAnyLoopWhoeverAccepts) {
  ConnectionPlaces places(100, 2);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(places.Take(i % 10 == 0 ? 1 : 0));
  EXPECT_FALSE(places.Take(0));
  EXPECT_FALSE(places.Take(1));
  EXPECT_EQ(places.taken(), 100u);
}

TEST(ConnectionPlacesTest, FewerThanLoopsAreStillSomebodys) {
  ConnectionPlaces places(1, 4);
  EXPECT_EQ(places.Take(3), 3u);
  EXPECT_FALSE(places.Take(0));
}

TEST(ConnectionPlacesTest, WhatOneLoopAcceptsIsSharedByAll) {
  for (const std::size_t loops : {2u, 3u, 8u}) {
    ConnectionPlaces places(10'000, loops);
    const std::size_t count = 50 * loops;
    for (std::size_t i = 0; i < count; ++i) places.Take(0);
    for (const std::size_t share : Shares(places, loops)) {
      EXPECT_GE(share, 42u) << loops;
      EXPECT_LE(share, 60u) << loops;
    }
  }
}

TEST(ConnectionPlacesTest, ALoopThatIsHardlyAheadKeepsWhatItAccepts) {
  ConnectionPlaces places(100, 2);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(places.Take(0), 0u);
  EXPECT_EQ(places.Take(0), 1u);
}

TEST(ConnectionPlacesTest, WhoIsClosedIsGivenNothingAndKeepsItsOwn) {
  ConnectionPlaces places(100, 2);
  places.SetOpen(1, false);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(places.Take(0), 0u);
  places.SetOpen(1, true);
  EXPECT_EQ(places.Take(0), 1u);
  places.SetOpen(0, false);
  EXPECT_EQ(places.Take(0), 0u);
}

TEST(ConnectionPlacesTest, LoopsThatTakeAtOnceNeverTakeMoreThanThereAre) {
  ConnectionPlaces places(1'000, 4);
  std::vector<std::jthread> threads;
  for (std::size_t loop = 0; loop < 4; ++loop) {
    threads.emplace_back([&places, loop] {
      for (int i = 0; i < 1'000; ++i) {
        const auto owner = places.Take(loop);
        if (owner && i % 2 == 0) places.GiveBack(*owner);
        EXPECT_LE(places.taken(), 1'000u);
      }
    });
  }
  threads.clear();
  std::size_t sum = 0;
  for (const std::size_t share : Shares(places, 4)) sum += share;
  EXPECT_EQ(sum, places.taken());
}

TEST(ConnectionPlacesTest, APlaceThatIsTakenHereIsNobodyElses) {
  ConnectionPlaces places(12, 2);
  for (int i = 0; i < 11; ++i) EXPECT_TRUE(places.TakeHere(0));
  EXPECT_EQ(places.taken(0), 11U);
  EXPECT_TRUE(places.TakeHere(1));
  EXPECT_FALSE(places.TakeHere(1));
  EXPECT_EQ(places.taken(), 12U);
}

}  // namespace
}  // namespace baton::net
