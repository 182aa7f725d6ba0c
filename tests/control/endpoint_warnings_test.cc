// Which settings are doubtful.
#include "server/control/endpoint_warnings.h"

#include <gmock/gmock.h>

namespace baton::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EndpointState WithBudgetAndMedian(Duration budget, Duration median, std::uint64_t samples = 64) {
  EndpointState state;
  state.default_budget = budget;
  state.estimate.q50 = median;
  state.estimate.samples = samples;
  return state;
}

TEST(EndpointWarningsTest, ABudgetBelowMedianAndGuardIsDoubtful) {
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(20ms, 30ms)),
              ElementsAre(AllOf(HasSubstr("default_budget is 20ms"), HasSubstr("30ms"),
                                HasSubstr("64 runs"), HasSubstr("1ms"))));
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(31ms, 30ms)), IsEmpty());
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(31ms - 1ns, 30ms)), ElementsAre(HasSubstr("30ms")));
}

TEST(EndpointWarningsTest, TheGuardIsAtMostATenthOfTheBudget) {
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(5ms, 4500us)), IsEmpty());
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(5ms, 4501us)), ElementsAre(HasSubstr("500us")));
}

TEST(EndpointWarningsTest, NothingIsDoubtfulOfWhatNeverRan) {
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(1ms, Duration::zero(), 0)), IsEmpty());
}

TEST(EndpointWarningsTest, TheRunsAtLoadAreEnoughToDoubt) {
  EXPECT_THAT(WarningsOf(WithBudgetAndMedian(1ms, 30ms, 0)),
              ElementsAre(HasSubstr("30ms in the runs at load")));
}

}  // namespace
}  // namespace baton::control
