// Which misses are kept, in which order, and that threads may add and read at once.
#include "server/serve/miss_ring.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Miss MissOf(std::uint64_t id, const Endpoint* endpoint = nullptr) {
  Miss miss;
  miss.request_id = id;
  miss.endpoint = endpoint;
  return miss;
}

std::vector<std::uint64_t> LatestIds(const MissRing& ring, std::size_t limit,
                                     const Endpoint* endpoint = nullptr) {
  std::vector<std::uint64_t> ids;
  for (const Miss& miss : ring.Latest(limit, endpoint)) ids.push_back(miss.request_id);
  return ids;
}

TEST(MissRingTest, AFreshOneHoldsNothing) {
  const MissRing ring(4);
  EXPECT_THAT(LatestIds(ring, 10), IsEmpty());
  EXPECT_EQ(ring.added(), 0u);
}

TEST(MissRingTest, TheNewestComesFirst) {
  MissRing ring(4);
  for (const std::uint64_t id : {1u, 2u, 3u}) ring.Add(MissOf(id));
  EXPECT_THAT(LatestIds(ring, 10), ElementsAre(3, 2, 1));
  EXPECT_THAT(LatestIds(ring, 2), ElementsAre(3, 2));
  EXPECT_THAT(LatestIds(ring, 0), IsEmpty());
}

TEST(MissRingTest, OlderOnesAreOverwrittenAndStillCounted) {
  MissRing ring(4);
  for (std::uint64_t id = 1; id <= 10; ++id) ring.Add(MissOf(id));
  EXPECT_THAT(LatestIds(ring, 10), ElementsAre(10, 9, 8, 7));
  EXPECT_EQ(ring.added(), 10u);
}

TEST(MissRingTest, TheLimitCountsThoseOfTheEndpoint) {
  MissRing ring(8);
  const Endpoint one;
  const Endpoint other;
  for (std::uint64_t id = 1; id <= 6; ++id) ring.Add(MissOf(id, id % 2 == 0 ? &one : &other));
  EXPECT_THAT(LatestIds(ring, 2, &one), ElementsAre(6, 4));
  EXPECT_THAT(LatestIds(ring, 10, &other), ElementsAre(5, 3, 1));
}

TEST(MissRingTest, ThreadsMayAddWhileOthersRead) {
  MissRing ring(16);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&ring] {
        for (std::uint64_t id = 1; id <= 200; ++id) ring.Add(MissOf(id));
      });
    }
    for (int i = 0; i < 50; ++i) ASSERT_LE(ring.Latest(100, nullptr).size(), 16u);
  }
  EXPECT_EQ(ring.added(), 600u);
  EXPECT_EQ(ring.Latest(100, nullptr).size(), 16u);
}

TEST(MissRingDeathTest, ACapacityOfNothingEndsTheProcess) {
  EXPECT_DEATH(MissRing(0), "check failed");
}

}  // namespace
}  // namespace baton::serve
