// Earliest deadline first, and sums that are right whichever way a ticket leaves.
#include "server/serve/deadline_queue.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing_support::IdOf;
using testing_support::MakeTicket;

constexpr SteadyTime kStart{1000ms};

class DeadlineQueueTest : public testing::Test {
 protected:
  DeadlineQueue::Handle Insert(std::uint64_t id, Duration due, std::size_t body_bytes = 0) {
    return queue_.Insert(MakeTicket(id, endpoint_, kStart + due, body_bytes));
  }

  Endpoint endpoint_;
  DeadlineQueue queue_;
};

TEST_F(DeadlineQueueTest, TheEarliestDeadlineLeavesFirst) {
  Insert(1, 30ms);
  Insert(2, 10ms);
  Insert(3, 20ms);
  EXPECT_EQ(IdOf(queue_.earliest()), 2u);
  for (const std::uint64_t id : {2u, 3u, 1u}) EXPECT_EQ(IdOf(*queue_.TakeEarliest()), id);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DeadlineQueueTest, EqualDeadlinesLeaveInOrderOfArrival) {
  for (std::uint64_t id = 1; id <= 20; ++id) Insert(id, 10ms);
  for (std::uint64_t id = 1; id <= 20; ++id) EXPECT_EQ(IdOf(*queue_.TakeEarliest()), id);
}

TEST_F(DeadlineQueueTest, CountAndBytesFollowEveryWayOut) {
  Insert(1, 10ms, 100);
  const DeadlineQueue::Handle middle = Insert(2, 20ms, 20);
  Insert(3, 30ms, 3);
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_EQ(queue_.body_bytes(), 123u);
  queue_.TakeEarliest();
  EXPECT_EQ(queue_.body_bytes(), 23u);
  queue_.Erase(middle);
  EXPECT_EQ(queue_.size(), 1u);
  EXPECT_EQ(queue_.body_bytes(), 3u);
}

TEST_F(DeadlineQueueTest, TheEndpointKnowsHowManyWait) {
  const DeadlineQueue::Handle first = Insert(1, 10ms);
  Insert(2, 20ms);
  EXPECT_EQ(endpoint_.waiting, 2);
  queue_.Erase(first);
  EXPECT_EQ(endpoint_.waiting, 1);
  queue_.TakeEarliest();
  EXPECT_EQ(endpoint_.waiting, 0);
}

TEST_F(DeadlineQueueTest, WhatHasLeftIsNotFoundAgain) {
  const DeadlineQueue::Handle taken = Insert(1, 10ms, 5);
  queue_.TakeEarliest();
  EXPECT_EQ(queue_.Erase(taken), nullptr);
  EXPECT_EQ(queue_.Erase(DeadlineQueue::Handle{}), nullptr);
  EXPECT_EQ(queue_.body_bytes(), 0u);
  EXPECT_EQ(endpoint_.waiting, 0);
}

}  // namespace
}  // namespace baton::serve
