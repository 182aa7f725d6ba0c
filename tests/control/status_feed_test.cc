// Who finds which sample, and who is told of it.
#include "server/control/status_feed.h"

#include <gtest/gtest.h>

namespace baton::control {
namespace {

StatusSample Sample(std::uint64_t number) {
  StatusSample sample;
  sample.number = number;
  return sample;
}

TEST(StatusFeedTest, BeforeTheFirstSampleThereIsAnEmptyOne) {
  EXPECT_EQ(StatusFeed().Newest()->number, 0U);
}

TEST(StatusFeedTest, WhoIsSlowFindsTheNewest) {
  StatusFeed feed;
  feed.Publish(Sample(1));
  const auto kept = feed.Newest();
  feed.Publish(Sample(2));
  feed.Publish(Sample(3));
  EXPECT_EQ(feed.Newest()->number, 3U);
  EXPECT_EQ(kept->number, 1U);
}

TEST(StatusFeedTest, EveryoneIsToldOfEachUntilTheyLeave) {
  StatusFeed feed;
  int one = 0;
  int other = 0;
  auto leaves = feed.Subscribe([&one] { ++one; });
  const auto stays = feed.Subscribe([&other] { ++other; });
  feed.Publish(Sample(1));
  leaves.reset();
  feed.Publish(Sample(2));
  EXPECT_EQ(one, 1);
  EXPECT_EQ(other, 2);
}

}  // namespace
}  // namespace baton::control
