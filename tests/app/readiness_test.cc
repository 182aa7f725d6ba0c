// Who says what about being ready, and who is told.
#include "server/app/readiness.h"

#include <vector>

#include <gmock/gmock.h>

namespace baton::app {
namespace {

using testing::ElementsAre;

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() {
    readiness_.Tell([this](bool is_ready) { told_.push_back(is_ready); });
  }

  std::atomic<bool> is_ready_{false};
  std::vector<bool> told_;
  Readiness readiness_{is_ready_};
};

TEST_F(ReadinessTest, EachChangeIsToldOnce) {
  readiness_.SetCanServe(true);
  readiness_.SetCanServe(true);
  readiness_.SetCanServe(false);
  EXPECT_THAT(told_, ElementsAre(true, false));
}

TEST_F(ReadinessTest, WhoIsDrainedIsNotReadyWhateverElseIsTrue) {
  readiness_.SetCanServe(true);
  EXPECT_TRUE(readiness_.SetDrained(true));
  EXPECT_FALSE(readiness_.SetDrained(true));
  readiness_.SetCanServe(true);
  EXPECT_FALSE(is_ready_);
  EXPECT_TRUE(readiness_.SetDrained(false));
  EXPECT_TRUE(is_ready_);
}

TEST_F(ReadinessTest, ResumingDoesNotMakeReadyWhoCannotServe) {
  readiness_.SetDrained(true);
  readiness_.SetDrained(false);
  EXPECT_FALSE(is_ready_);
}

TEST_F(ReadinessTest, WhoStopsIsNeverReadyAgain) {
  readiness_.SetCanServe(true);
  readiness_.Stop();
  readiness_.SetCanServe(true);
  readiness_.SetDrained(false);
  EXPECT_FALSE(is_ready_);
}

}  // namespace
}  // namespace baton::app
