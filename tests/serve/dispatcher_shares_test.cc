// Shares of the pool: at most and at least so many workers for an endpoint.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/serve/dispatcher_harness.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SharesTest : public DispatcherHarness {
 protected:
  SharesTest() {
    for (int i = 0; i < 3; ++i) dispatcher_.Join();  // four in all
    Know(kFast, 1ms);
    Know(kOther, 1ms);
  }
  void SetShares(std::uint32_t endpoint, int least, int most) {
    policies_[endpoint].min_workers = least;
    policies_[endpoint].max_workers = most;
    dispatcher_.SetPolicies(policies_);
  }
  void SubmitTo(std::uint32_t endpoint, std::uint64_t first_id, std::uint64_t count,
                Duration budget = 1s) {
    for (std::uint64_t id = first_id; id < first_id + count; ++id) {
      EXPECT_TRUE(Submit({.id = id, .endpoint = endpoint, .budget = budget}).decision.admit) << id;
    }
  }

  std::vector<EndpointPolicy> policies_{3};
};

TEST_F(SharesTest, AnEndpointHoldsNoMoreWorkersThanItsQuota) {
  SetShares(kFast, 0, 2);
  SubmitTo(kFast, 1, 3);
  EXPECT_THAT(Take(0), ElementsAre(1));
  EXPECT_THAT(Take(1), ElementsAre(2));
  EXPECT_THAT(Take(2), IsEmpty());
  EXPECT_EQ(dispatcher_.waiting(), 1u);
}

TEST_F(SharesTest, OthersOvertakeWhoIsAtItsQuota) {
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 2, 100ms);
  SubmitTo(kOther, 3, 1, 1s);
  EXPECT_THAT(Take(0), ElementsAre(1));
  EXPECT_THAT(Take(1), ElementsAre(3));
}

TEST_F(SharesTest, AFreedShareIsToldSoThatAnotherWorkerAsks) {
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 2);
  Take(0);
  EXPECT_THAT(Take(1), IsEmpty());
  EXPECT_TRUE(Finish(0));
  EXPECT_THAT(Take(1), ElementsAre(2));
}

TEST_F(SharesTest, AShareIsFreedAlsoByAWorkerThatRanNothingOfWhatItTook) {
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 2);
  Take(0);
  now_ += 1ms;  // no samples, and no quotas to look at again
  EXPECT_TRUE(dispatcher_.Finish(0, {}, now_));
}

TEST_F(SharesTest, WhereNobodyWaitsNobodyIsToAsk) {
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 1);
  Take(0);
  EXPECT_FALSE(Finish(0));
}

TEST_F(SharesTest, TheWaitOfAnEndpointAtItsQuotaIsThatForItsShare) {
  dispatcher_.book(kFast).Reset();
  Know(kFast, 10ms);
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 3);
  Take(0);
  EXPECT_NEAR(ToMillis(dispatcher_.PredictedWait(kFast, 1s, now_)), 30, 2);
  EXPECT_LT(ToMillis(dispatcher_.PredictedWait(kOther, 1s, now_)), 10);
}

TEST_F(SharesTest, AnIdleWorkerIsNoReasonToAdmitWhoIsAtItsQuota) {
  Know(kFast, 10ms);
  SetShares(kFast, 0, 1);
  SubmitTo(kFast, 1, 1);
  Take(0);
  EXPECT_EQ(Submit({.id = 2, .budget = 12ms}).decision.cause, Cause::kNoTime);
}

TEST_F(SharesTest, BelowItsMinimumShareAnEndpointGoesFirst) {
  SetShares(kOther, 2, 0);
  SubmitTo(kFast, 1, 3, 500ms);
  SubmitTo(kOther, 4, 3, 1s);
  EXPECT_THAT(Take(0), ElementsAre(4));
  EXPECT_THAT(Take(1), ElementsAre(5));
  EXPECT_THAT(Take(2), ElementsAre(1));  // the earliest again
}

TEST_F(SharesTest, OfThoseBelowTheirMinimumSharesTheEarliestGoesFirst) {
  SetShares(kOther, 1, 0);
  SetShares(kFast, 1, 0);
  SubmitTo(kOther, 1, 1, 1s);
  SubmitTo(kFast, 2, 1, 500ms);
  EXPECT_THAT(Take(0), ElementsAre(2));
  EXPECT_THAT(Take(1), ElementsAre(1));
}

TEST_F(SharesTest, WhoIsOwedAWorkerButDoomedIsShedAndTheOthersGoOn) {
  Know(kOther, 10ms);
  SetShares(kOther, 1, 0);
  SubmitTo(kOther, 1, 1, 30ms);
  SubmitTo(kFast, 2, 1, 1s);
  now_ += 29ms;
  EXPECT_THAT(Take(0), ElementsAre(2));
  EXPECT_THAT(Shed(), ElementsAre(1));
}

// Nobody has said anything about shares.

TEST_F(SharesTest, AnEndpointThatIsSlowForTheBudgetsOfOthersLeavesThemAWorker) {
  Know(kOther, 200ms);
  SubmitTo(kFast, 1, 1, 50ms);
  EXPECT_THAT(RunNext(0), ElementsAre(1));
  now_ += 100ms;  // quotas are looked at
  SubmitTo(kOther, 2, 4, 10s);
  for (std::size_t worker = 0; worker < 3; ++worker) EXPECT_EQ(Take(worker).size(), 1u);
  EXPECT_THAT(Take(3), IsEmpty());
  SubmitTo(kFast, 9, 1, 50ms);
  EXPECT_THAT(Take(3), ElementsAre(9));
}

TEST_F(SharesTest, WhenTheOthersAreGoneItGetsTheWholePool) {
  Know(kOther, 200ms);
  SubmitTo(kFast, 1, 1, 50ms);
  RunNext(0);
  now_ += 3s;  // their budgets are forgotten
  SubmitTo(kOther, 2, 4, 10s);
  for (std::size_t worker = 0; worker < 4; ++worker) EXPECT_EQ(Take(worker).size(), 1u);
}

TEST_F(SharesTest, AnEndpointThatIsNotSlowForThemGetsTheWholePool) {
  Know(kOther, 20ms);  // less than half of the budgets of the others
  SubmitTo(kFast, 1, 1, 50ms);
  RunNext(0);
  now_ += 100ms;
  SubmitTo(kOther, 2, 4, 10s);
  for (std::size_t worker = 0; worker < 4; ++worker) EXPECT_EQ(Take(worker).size(), 1u);
}

TEST_F(SharesTest, TheOperatorsQuotaComesBeforeThat) {
  Know(kOther, 200ms);
  SetShares(kOther, 0, 4);
  SubmitTo(kFast, 1, 1, 50ms);
  RunNext(0);
  now_ += 100ms;
  SubmitTo(kOther, 2, 4, 10s);
  for (std::size_t worker = 0; worker < 4; ++worker) EXPECT_EQ(Take(worker).size(), 1u);
}

}  // namespace
}  // namespace baton::serve
