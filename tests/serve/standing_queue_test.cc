// Bursts that pass and queues that stand.
#include "server/serve/standing_queue.h"

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

class StandingQueueTest : public testing::Test {
 protected:
  // An arrival every 10 ms that finds `work` before it.
  void For(Duration time, Duration work, Duration budget = 50ms, Duration largest_budget = 50ms) {
    for (const SteadyTime end = now_ + time; now_ < end; now_ += 10ms) {
      queue_.Observe(work, budget, largest_budget, now_);
    }
  }
  bool Stands() const { return queue_.alpha() == StandingQueue::kStanding; }

  SteadyTime now_{1s};
  StandingQueue queue_;
};

TEST_F(StandingQueueTest, AtFirstNoQueueStands) {
  EXPECT_EQ(queue_.alpha(), StandingQueue::kPassing);
  For(10ms, 1h);
  EXPECT_FALSE(Stands());
}

TEST_F(StandingQueueTest, OneThatNeverFallsBelowATwentiethOfTheBudgetsStands) {
  For(210ms, 2501us);
  EXPECT_TRUE(Stands());
}

TEST_F(StandingQueueTest, OneThatIsShortAtOnceInAWindowPasses) {
  For(100ms, 40ms);
  For(10ms, 2500us);
  For(100ms, 40ms);
  EXPECT_FALSE(Stands());
}

TEST_F(StandingQueueTest, OneThatHasStoodPassesAfterAWindowInWhichItWasShort) {
  For(210ms, 40ms);
  ASSERT_TRUE(Stands());
  For(190ms, 0ms);
  EXPECT_TRUE(Stands());
  For(10ms, 0ms);
  EXPECT_FALSE(Stands());
}

TEST_F(StandingQueueTest, ItIsJudgedByEachArrivalsOwnBudget) {
  For(100ms, 40ms, 50ms);
  For(10ms, 40ms, 1s);  // little, for this one
  For(100ms, 40ms, 50ms);
  EXPECT_FALSE(Stands());
}

TEST_F(StandingQueueTest, AWindowIsTwiceTheLargestBudget) {
  For(390ms, 40ms, 200ms, 200ms);
  EXPECT_FALSE(Stands());
  For(20ms, 40ms, 200ms, 200ms);
  EXPECT_TRUE(Stands());
}

TEST_F(StandingQueueTest, WhereNobodyCameForAWindowNoneStood) {
  For(100ms, 40ms);
  now_ += 400ms;
  For(10ms, 40ms);
  EXPECT_FALSE(Stands());
}

TEST_F(StandingQueueTest, ABudgetOfNothingSaysNothing) {
  For(100ms, 40ms);
  For(10ms, 0ms, 0ms);
  For(110ms, 40ms);
  EXPECT_TRUE(Stands());
}

}  // namespace
}  // namespace baton::serve
