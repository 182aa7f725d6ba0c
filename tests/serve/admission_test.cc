// The decision at the door, one situation a row.
#include "server/serve/admission.h"

#include <string>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kNow{1000ms};
constexpr AdmissionLimits kLimits{.max_waiting = 10, .max_waiting_bytes = 1000};

struct Situation {
  std::string name;
  LoadView load;
  std::size_t body_bytes;
  SteadyTime due;
  Decision expected;
};

constexpr Decision kAdmitted{true, Answer::kPrediction, Cause::kNone};
constexpr Decision kQueueFull{false, Answer::kRefused, Cause::kQueueFull};
constexpr Decision kDraining{false, Answer::kRefused, Cause::kDraining};
constexpr Decision kNothingLeft{false, Answer::kTimeout, Cause::kExpiredInQueue};

class AdmissionTest : public testing::TestWithParam<Situation> {};

TEST_P(AdmissionTest, TheDecisionIsTheOneExpected) {
  const Situation& s = GetParam();
  const Decision decision = Decide(s.load, kLimits, s.body_bytes, s.due, kNow);
  EXPECT_EQ(decision.admit, s.expected.admit);
  EXPECT_EQ(ToText(decision.answer), ToText(s.expected.answer));
  EXPECT_EQ(ToText(decision.cause), ToText(s.expected.cause));
}

INSTANTIATE_TEST_SUITE_P(
    Situations, AdmissionTest,
    testing::Values(
        Situation{"NobodyWaits", {0, 0, false}, 0, kNow + 1ms, kAdmitted},
        Situation{"TheLeastThatCanBeLeft", {0, 0, false}, 0, kNow + 1ns, kAdmitted},
        Situation{"NothingIsLeft", {0, 0, false}, 0, kNow, kNothingLeft},
        Situation{"ItIsOver", {0, 0, false}, 0, kNow - 1ms, kNothingLeft},
        Situation{"OnePlaceIsLeft", {9, 0, false}, 0, kNow + 1ms, kAdmitted},
        Situation{"NoPlaceIsLeft", {10, 0, false}, 0, kNow + 1ms, kQueueFull},
        Situation{"TheBytesJustFit", {1, 400, false}, 600, kNow + 1ms, kAdmitted},
        Situation{"TheBytesDoNotFit", {1, 400, false}, 601, kNow + 1ms, kQueueFull},
        Situation{"OneBodyIsLargerThanAll", {0, 0, false}, 1001, kNow + 1ms, kQueueFull},
        Situation{"DrainingRefusesEverything", {0, 0, true}, 0, kNow + 1ms, kDraining},
        Situation{"DrainingComesBeforeFull", {10, 1000, true}, 1, kNow + 1ms, kDraining},
        Situation{"DrainingComesBeforeLate", {0, 0, true}, 0, kNow, kDraining},
        Situation{"LateComesBeforeFull", {10, 1000, false}, 1, kNow, kNothingLeft}),
    [](const testing::TestParamInfo<Situation>& situation) { return situation.param.name; });

}  // namespace
}  // namespace baton::serve
