// Who leaves first, and that whoever has left is not found again.
#include "server/serve/deadline_queue.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing_support::IdOf;
using testing_support::MakeTicket;

constexpr SteadyTime kStart{1000ms};

class DeadlineQueueTest : public testing::Test {
 protected:
  DeadlineQueue::Handle Insert(std::uint64_t id, Duration order) {
    return queue_.Insert(kStart + order, MakeTicket(id, endpoint_, kStart));
  }

  Endpoint endpoint_;
  DeadlineQueue queue_;
};

TEST_F(DeadlineQueueTest, TheEarliestLeavesFirst) {
  Insert(1, 30ms);
  Insert(2, 10ms);
  Insert(3, 20ms);
  EXPECT_EQ(IdOf(queue_.first()), 2u);
  EXPECT_EQ(queue_.first_order(), kStart + 10ms);
  for (const std::uint64_t id : {2u, 3u, 1u}) EXPECT_EQ(IdOf(*queue_.TakeFirst()), id);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DeadlineQueueTest, EqualOnesLeaveInOrderOfArrival) {
  for (std::uint64_t id = 1; id <= 20; ++id) Insert(id, 10ms);
  for (std::uint64_t id = 1; id <= 20; ++id) EXPECT_EQ(IdOf(*queue_.TakeFirst()), id);
}

TEST_F(DeadlineQueueTest, WhoIsInTheMiddleCanBeFoundAndTakenOut) {
  Insert(1, 10ms);
  const DeadlineQueue::Handle middle = Insert(2, 20ms);
  Insert(3, 30ms);
  ASSERT_NE(queue_.Find(middle), nullptr);
  EXPECT_EQ(IdOf(*queue_.Find(middle)), 2u);
  EXPECT_EQ(IdOf(*queue_.Erase(middle)), 2u);
  EXPECT_EQ(queue_.size(), 2u);
  for (const std::uint64_t id : {1u, 3u}) EXPECT_EQ(IdOf(*queue_.TakeFirst()), id);
}

TEST_F(DeadlineQueueTest, WhoHasLeftIsNotFoundAgainEvenWhenItsPlaceIsTaken) {
  const DeadlineQueue::Handle taken = Insert(1, 10ms);
  queue_.TakeFirst();
  Insert(2, 10ms);
  EXPECT_EQ(queue_.Find(taken), nullptr);
  EXPECT_EQ(queue_.Erase(taken), nullptr);
  EXPECT_EQ(queue_.Erase(DeadlineQueue::Handle{}), nullptr);
  EXPECT_EQ(queue_.size(), 1u);
}

}  // namespace
}  // namespace baton::serve
