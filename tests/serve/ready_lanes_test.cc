// Who shares a lane with whom, and sums that are right whichever way a ticket leaves.
#include "server/serve/ready_lanes.h"

#include <array>
#include <memory>

#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing_support::FakeHandler;
using testing_support::IdOf;
using testing_support::MakeTicket;

constexpr SteadyTime kStart{1000ms};

class ReadyLanesTest : public testing::Test {
 protected:
  ReadyLanesTest() {
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].index = i;
  }
  std::unique_ptr<Ticket> Make(std::uint64_t id, Duration due, std::size_t body_bytes = 0) {
    return MakeTicket(id, endpoints_[0], kStart + due, body_bytes);
  }
  ReadyLanes::Handle Insert(std::uint64_t id, Duration due, std::size_t body_bytes = 0) {
    return lanes_.Insert(lanes_.LaneOf(0), kStart + due, Make(id, due, body_bytes));
  }
  std::uint32_t BatchLane(const Handler& handler, bool is_long = false, std::size_t endpoint = 0) {
    auto ticket = MakeTicket(1, endpoints_[endpoint], kStart);
    ticket->handler = &handler;
    const std::uint32_t lane = lanes_.BatchLaneOf(*ticket, is_long);
    lanes_.Insert(lane, kStart, std::move(ticket));
    return lane;
  }

  std::array<Endpoint, 3> endpoints_;
  ReadyLanes lanes_;
  FakeHandler handler_, other_;
};

TEST_F(ReadyLanesTest, AnEndpointHasOneLaneForTicketsThatRunAlone) {
  const std::uint32_t third = lanes_.LaneOf(2);
  const std::uint32_t first = lanes_.LaneOf(0);
  EXPECT_NE(third, first);
  EXPECT_EQ(lanes_.LaneOf(2), third);
  EXPECT_EQ(lanes_.LaneOf(0), first);
  EXPECT_EQ(lanes_.lanes(), 2u);
  EXPECT_EQ(lanes_.lane(third).endpoint, 2u);
  EXPECT_EQ(lanes_.lane(third).handler, nullptr);
}

TEST_F(ReadyLanesTest, OnlyCallsOfOneKindShareABatchLane) {
  const std::uint32_t lane = BatchLane(handler_);
  EXPECT_EQ(BatchLane(handler_), lane);
  EXPECT_NE(BatchLane(other_), lane);
  EXPECT_NE(BatchLane(handler_, true), lane);
  EXPECT_NE(BatchLane(handler_, false, 1), lane);
  EXPECT_NE(lanes_.LaneOf(0), lane);
  EXPECT_EQ(lanes_.lane(lane).handler, &handler_);
  EXPECT_FALSE(lanes_.lane(lane).is_long);
}

TEST_F(ReadyLanesTest, AnEmptyBatchLaneIsUsedAgainForAnotherKind) {
  const std::uint32_t busy = BatchLane(handler_);
  const std::uint32_t emptied = BatchLane(other_);
  lanes_.TakeFirst(emptied);
  for (int kind = 0; kind < 1000; ++kind) {
    const FakeHandler another;
    const std::uint32_t lane = BatchLane(another, kind % 2 == 0);
    ASSERT_EQ(lane, emptied);
    lanes_.TakeFirst(lane);
  }
  EXPECT_EQ(lanes_.lanes(), 2u);
  EXPECT_EQ(BatchLane(handler_), busy);
}

TEST_F(ReadyLanesTest, ALaneThatIsUsedAgainDoesNotBringBackWhoHasLeft) {
  auto ticket = Make(1, 10ms);
  ticket->handler = &handler_;
  const std::uint32_t lane = lanes_.BatchLaneOf(*ticket, false);
  const ReadyLanes::Handle left = lanes_.Insert(lane, kStart, std::move(ticket));
  lanes_.TakeFirst(lane);
  ASSERT_EQ(BatchLane(other_), lane);
  EXPECT_EQ(lanes_.Find(left), nullptr);
  EXPECT_EQ(lanes_.Erase(left), nullptr);
}

TEST_F(ReadyLanesTest, TheFirstOfALaneIsTheEarliest) {
  Insert(1, 30ms);
  Insert(2, 10ms);
  const std::uint32_t lane = lanes_.LaneOf(0);
  EXPECT_EQ(IdOf(lanes_.lane(lane).queue.first()), 2u);
  EXPECT_EQ(IdOf(*lanes_.TakeFirst(lane)), 2u);
  EXPECT_EQ(IdOf(*lanes_.TakeFirst(lane)), 1u);
}

TEST_F(ReadyLanesTest, CountsAndBytesFollowEveryWayOut) {
  Insert(1, 10ms, 100);
  const ReadyLanes::Handle middle = Insert(2, 20ms, 20);
  Insert(3, 30ms, 3);
  EXPECT_EQ(lanes_.size(), 3u);
  EXPECT_EQ(lanes_.body_bytes(), 123u);
  EXPECT_EQ(endpoints_[0].waiting, 3);
  lanes_.TakeFirst(lanes_.LaneOf(0));
  EXPECT_EQ(lanes_.body_bytes(), 23u);
  EXPECT_EQ(IdOf(*lanes_.Erase(middle)), 2u);
  EXPECT_EQ(lanes_.size(), 1u);
  EXPECT_EQ(lanes_.body_bytes(), 3u);
  EXPECT_EQ(endpoints_[0].waiting, 1);
}

TEST_F(ReadyLanesTest, WhoHasLeftIsNotFoundAgain) {
  const ReadyLanes::Handle taken = Insert(1, 10ms, 5);
  ASSERT_NE(lanes_.Find(taken), nullptr);
  lanes_.TakeFirst(lanes_.LaneOf(0));
  EXPECT_EQ(lanes_.Find(taken), nullptr);
  EXPECT_EQ(lanes_.Erase(taken), nullptr);
  EXPECT_EQ(lanes_.size(), 0u);
  EXPECT_EQ(endpoints_[0].waiting, 0);
}

TEST_F(ReadyLanesTest, AHandleOfNothingFindsNothing) {
  EXPECT_EQ(lanes_.Find({}), nullptr);
  EXPECT_EQ(lanes_.Erase({}), nullptr);
  EXPECT_EQ(lanes_.Erase({7, {}}), nullptr);
}

}  // namespace
}  // namespace baton::serve
