// Whose handshake goes on when.
#include "server/net/handshake_queue.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/loop_harness.h"

namespace baton::net {
namespace {

using testing_support::LoopHarness;

class HandshakeQueueTest : public testing::Test {
 protected:
  struct Step final : HandshakeQueue::Waiting {
    Step(HandshakeQueueTest& in_test, char of) : test(in_test), name(of) {}
    void TakeHandshakeStep() override {
      test.steps_ += name;
      test.harness_.clock().Advance(takes);
    }

    HandshakeQueueTest& test;
    char name;
    Duration takes{0};
  };

  HandshakeQueue::Place Add(Step& step) {
    harness_.loop().AssertOnLoop();
    return queue_.Add(step);
  }
  void Remove(HandshakeQueue::Place place) {
    harness_.loop().AssertOnLoop();
    queue_.Remove(place);
  }

  LoopHarness harness_;
  HandshakeQueue queue_{harness_.loop()};
  std::string steps_;
  Step a_{*this, 'a'};
  Step b_{*this, 'b'};
  Step c_{*this, 'c'};
};

TEST_F(HandshakeQueueTest, ShortStepsRunInOneTurnInTheOrderOfTheirComing) {
  Add(a_);
  Add(b_);
  EXPECT_EQ(steps_, "");
  harness_.Turn();
  EXPECT_EQ(steps_, "ab");
  harness_.Turns(2);
  EXPECT_EQ(steps_, "ab");
}

TEST_F(HandshakeQueueTest, ASliceOfTimeEndsATurnsShare) {
  a_.takes = 100us;
  b_.takes = 100us;
  Add(a_);
  Add(b_);
  Add(c_);
  harness_.Turn();
  EXPECT_EQ(steps_, "ab");
  harness_.Advance(200us);
  EXPECT_EQ(steps_, "abc");
}

TEST_F(HandshakeQueueTest, BehindALongStepTheQueueRests) {
  a_.takes = 1ms;
  Add(a_);
  Add(b_);
  harness_.Turn();
  harness_.Turns(3);
  EXPECT_EQ(steps_, "a");
  harness_.Advance(999us);
  EXPECT_EQ(steps_, "a");
  harness_.Advance(1us);
  EXPECT_EQ(steps_, "ab");
}

TEST_F(HandshakeQueueTest, TheRestCountsForWhoComesLater) {
  a_.takes = 1ms;
  Add(a_);
  const auto place = Add(b_);
  harness_.Turn();
  Remove(place);
  Add(c_);
  harness_.Turn();
  EXPECT_EQ(steps_, "a");
  harness_.Advance(1ms);
  EXPECT_EQ(steps_, "ac");
}

TEST_F(HandshakeQueueTest, NobodyRestsForAHandshakeByItself) {
  a_.takes = 1ms;
  Add(a_);
  harness_.Turn();
  Add(b_);
  harness_.Turn();
  EXPECT_EQ(steps_, "ab");
}

TEST_F(HandshakeQueueTest, ARestHasAnEnd) {
  a_.takes = 1h;
  Add(a_);
  Add(b_);
  harness_.Turn();
  harness_.Advance(5ms);
  EXPECT_EQ(steps_, "ab");
}

TEST_F(HandshakeQueueTest, WhoIsRemovedHasNoTurn) {
  const auto first = Add(a_);
  const auto second = Add(b_);
  Add(c_);
  Remove(second);
  Remove(first);
  harness_.Turns(3);
  EXPECT_EQ(steps_, "c");
}

TEST_F(HandshakeQueueTest, ItGoesOnAfterItWasEmpty) {
  Remove(Add(a_));
  harness_.Turn();
  Add(b_);
  harness_.Turn();
  EXPECT_EQ(steps_, "b");
}

}  // namespace
}  // namespace baton::net
