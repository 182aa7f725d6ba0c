// The decision at the door, one situation a row, and how it changes with what it rests on.
#include "server/serve/admission.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kNow{1000ms};
constexpr AdmissionLimits kLimits{.max_waiting = 10, .max_waiting_bytes = 1000};

// Two busy workers, nobody ahead; runs of 10 ms, of which 95 % take at most 12 ms.
LoadView Load() {
  LoadView load;
  load.workers = 2;
  load.quota = 2;
  load.free_workers = 2;
  return load;
}
ServicePrediction Service() {
  return {
      .mean = 10ms, .median = 10ms, .allowance = 12ms, .smallest_median = 8ms, .may_queue = true};
}

struct Situation {
  std::string name;
  LoadView load = Load();
  ServicePrediction service = Service();
  RequestView request{0, kNow + 50ms, Criticality::kCritical};
  SchedulingPolicy policy = SchedulingPolicy::kBaton;
};

struct Row {
  Situation situation;
  Answer answer;
  Cause cause;
  Duration allowance = Duration::zero();
  bool is_probe = false;
};

template <typename Change>
Situation When(std::string name, Change change) {
  Situation situation;
  situation.name = std::move(name);
  change(situation);
  return situation;
}

Decision DecisionOf(const Situation& s) {
  return Decide(s.policy, s.load, s.service, kLimits, s.request, kNow);
}

class AdmissionTest : public testing::TestWithParam<Row> {};

TEST_P(AdmissionTest, TheDecisionIsTheOneExpected) {
  const Row& row = GetParam();
  const Decision decision = DecisionOf(row.situation);
  EXPECT_EQ(ToText(decision.answer), ToText(row.answer));
  EXPECT_EQ(ToText(decision.cause), ToText(row.cause));
  EXPECT_EQ(decision.admit, row.answer == Answer::kPrediction);
  EXPECT_EQ(decision.is_probe, row.is_probe);
  EXPECT_TRUE(!decision.admit || decision.allowance == row.allowance);
}

constexpr Answer kYes = Answer::kPrediction;
constexpr Answer kRefused = Answer::kRefused;
constexpr Answer kTimeout = Answer::kTimeout;
using S = Situation;

INSTANTIATE_TEST_SUITE_P(
    WithoutPrediction, AdmissionTest,
    testing::Values(
        Row{When("NobodyWaits", [](S&) {}), kYes, Cause::kNone, 12ms},
        Row{When("NothingIsLeft", [](S& s) { s.request.due = kNow; }), kTimeout,
            Cause::kExpiredInQueue},
        Row{When("ItIsOver", [](S& s) { s.request.due = kNow - 1ms; }), kTimeout,
            Cause::kExpiredInQueue},
        Row{When("OnePlaceIsLeft", [](S& s) { s.load.waiting = 9; }), kYes, Cause::kNone, 12ms},
        Row{When("NoPlaceIsLeft", [](S& s) { s.load.waiting = 10; }), kRefused, Cause::kQueueFull},
        Row{When("TheBytesJustFit",
                 [](S& s) {
                   s.load.waiting_bytes = 400;
                   s.request.body_bytes = 600;
                 }),
            kYes, Cause::kNone, 12ms},
        Row{When("TheBytesDoNotFit",
                 [](S& s) {
                   s.load.waiting_bytes = 400;
                   s.request.body_bytes = 601;
                 }),
            kRefused, Cause::kQueueFull},
        Row{When("OneBodyIsLargerThanAll", [](S& s) { s.request.body_bytes = 1001; }), kRefused,
            Cause::kQueueFull},
        Row{When("DrainingRefusesEverything", [](S& s) { s.load.is_draining = true; }), kRefused,
            Cause::kDraining},
        Row{When("DrainingComesBeforeFullAndLate",
                 [](S& s) {
                   s.load.is_draining = true;
                   s.load.waiting = 10;
                   s.request.due = kNow;
                 }),
            kRefused, Cause::kDraining},
        Row{When("LateComesBeforeFull",
                 [](S& s) {
                   s.load.waiting = 10;
                   s.request.due = kNow;
                 }),
            kTimeout, Cause::kExpiredInQueue},
        Row{When("FullComesBeforeAnIdleWorker",
                 [](S& s) {
                   s.load.waiting = 10;
                   s.load.is_worker_idle = true;
                 }),
            kRefused, Cause::kQueueFull}),
    [](const auto& row) { return row.param.situation.name; });

INSTANTIATE_TEST_SUITE_P(
    ByPrediction, AdmissionTest,
    testing::Values(Row{When("SmallerThanTheModelEverManaged",
                             [](S& s) {
                               s.request.due = kNow + 7ms;
                               s.load.is_worker_idle = true;
                             }),
                        kTimeout, Cause::kBudgetTooSmall},
                    Row{When("SmallerThanEverButAProbeIsDue",
                             [](S& s) {
                               s.request.due = kNow + 7ms;
                               s.load.may_probe = true;
                             }),
                        kYes, Cause::kNone, 0ms, true},
                    Row{When("AnIdleWorkerAndATypicalRunFits",
                             [](S& s) {
                               s.request.due = kNow + 10ms;
                               s.load.is_worker_idle = true;
                             }),
                        kYes, Cause::kNone, 10ms},
                    Row{When("AnIdleWorkerSetsAsideNoMoreThanPredicted",
                             [](S& s) {
                               s.load.is_worker_idle = true;
                               s.service.allowance = 6ms;
                             }),
                        kYes, Cause::kNone, 6ms},
                    Row{When("TheMedianAloneMakesItTypical",
                             [](S& s) {
                               s.request.due = kNow + 10ms;
                               s.load.is_worker_idle = true;
                               s.service.mean = 500ms;
                             }),
                        kYes, Cause::kNone, 10ms},
                    Row{When("AnIdleWorkerButATypicalRunDoesNotFit",
                             [](S& s) {
                               s.request.due = kNow + 9ms;
                               s.load.is_worker_idle = true;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("AnIdleWorkerServesThoseOfWhomLittleIsKnown",
                             [](S& s) {
                               s.load.is_worker_idle = true;
                               s.service.may_queue = false;
                             }),
                        kYes, Cause::kNone, 10ms},
                    Row{When("OfWhomLittleIsKnownNobodyQueues",
                             [](S& s) { s.service.may_queue = false; }),
                        kRefused, Cause::kNoTime},
                    Row{When("OfWhomLittleIsKnownOneProbes",
                             [](S& s) {
                               s.service.may_queue = false;
                               s.load.may_probe = true;
                             }),
                        kYes, Cause::kNone, 0ms, true},
                    Row{When("ItsOwnRunDoesNotFit", [](S& s) { s.request.due = kNow + 11ms; }),
                        kRefused, Cause::kNoTime},
                    Row{When("ItsOwnRunDoesNotFitButAProbeIsDue",
                             [](S& s) {
                               s.request.due = kNow + 11ms;
                               s.load.may_probe = true;
                             }),
                        kYes, Cause::kNone, 0ms, true},
                    Row{When("TheWaitJustFits",  // 0.9 of 50 - 12 ms
                             [](S& s) { s.load.free_after = 34'200us; }),
                        kYes, Cause::kNone, 12ms},
                    Row{When("TheWaitIsTooLong", [](S& s) { s.load.free_after = 34'201us; }),
                        kRefused, Cause::kNoTime},
                    Row{When("AWaitThatIsTooLongIsNothingToProbe",
                             [](S& s) {
                               s.load.free_after = 34'201us;
                               s.load.may_probe = true;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("WhileAQueueStandsLessOfTheSlackIsSpent",
                             [](S& s) {
                               s.load.free_after = 19'001us;
                               s.load.alpha = 0.5;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("WhileAQueueStandsOneRunMayBeAhead",
                             [](S& s) {
                               s.load.free_after = 22ms;
                               s.load.alpha = 0.5;
                               s.service.mean = 22ms;
                             }),
                        kYes, Cause::kNone, 12ms},
                    Row{When("WhileAQueueStandsNotMoreThanOneRun",
                             [](S& s) {
                               s.load.free_after = 22'001us;
                               s.load.alpha = 0.5;
                               s.service.mean = 22ms;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("ARunAheadIsNotAllowedMoreThanABurst",
                             [](S& s) {
                               s.load.free_after = 34'201us;
                               s.load.alpha = 0.5;
                               s.service.mean = 40ms;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("ByDefaultThreeQuartersOfIt",
                             [](S& s) {
                               s.load.free_after = 25'650us;
                               s.request.criticality = Criticality::kDefault;
                             }),
                        kYes, Cause::kNone, 12ms},
                    Row{When("ByDefaultNotMore",
                             [](S& s) {
                               s.load.free_after = 25'651us;
                               s.request.criticality = Criticality::kDefault;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("OfTheSheddableHalfOfIt",
                             [](S& s) {
                               s.load.free_after = 17'100us;
                               s.request.criticality = Criticality::kSheddable;
                             }),
                        kYes, Cause::kNone, 12ms},
                    Row{When("OfTheSheddableNotMore",
                             [](S& s) {
                               s.load.free_after = 17'101us;
                               s.request.criticality = Criticality::kSheddable;
                             }),
                        kRefused, Cause::kNoTime},
                    Row{When("ItsEndpointsShareIsTakenForLonger",
                             [](S& s) {
                               s.load.quota = 1;
                               s.load.endpoint_residual = 10ms;
                               s.load.endpoint_ahead = 24'201us;
                             }),
                        kRefused, Cause::kNoTime}),
    [](const auto& row) { return row.param.situation.name; });

TEST(AdmissionPolicyTest, TheOthersLetEverybodyInWhoIsNotLate) {
  for (const SchedulingPolicy policy : {SchedulingPolicy::kEdf, SchedulingPolicy::kFifo}) {
    Situation hopeless;
    hopeless.policy = policy;
    hopeless.load.free_after = 1h;
    hopeless.request.due = kNow + 1ns;
    EXPECT_TRUE(DecisionOf(hopeless).admit);
    EXPECT_EQ(DecisionOf(hopeless).allowance, 0ms);
    hopeless.request.due = kNow;
    EXPECT_EQ(DecisionOf(hopeless).cause, Cause::kExpiredInQueue);
    hopeless.load.is_draining = true;
    EXPECT_EQ(DecisionOf(hopeless).cause, Cause::kDraining);
  }
}

TEST(PredictedWaitTest, TheFirstOfSeveralWorkersIsFreeBeforeTheAverageOne) {
  LoadView load = Load();
  load.free_after = 30ms;
  load.mean_run = 8ms;
  load.free_workers = 1;
  EXPECT_EQ(PredictedWait(load), 30ms);
  load.free_workers = 2;
  EXPECT_EQ(PredictedWait(load), 28ms);  // 8 ms * (2 - 1) / 4
  load.free_workers = 4;
  EXPECT_EQ(PredictedWait(load), 27ms);
}

TEST(PredictedWaitTest, IsNeverNegative) {
  LoadView load = Load();
  load.mean_run = 8ms;
  EXPECT_EQ(PredictedWait(load), 0ms);
}

TEST(PredictedWaitTest, IsThatOfTheEndpointsShareWhereThatIsLonger) {
  LoadView load = Load();
  load.workers = 4;
  load.quota = 2;
  load.free_after = 10ms;
  load.endpoint_residual = 4ms;
  load.endpoint_ahead = 36ms;
  EXPECT_EQ(PredictedWait(load), 20ms);
  load.free_after = 30ms;
  EXPECT_EQ(PredictedWait(load), 30ms);
  load.free_after = 10ms;
  load.quota = 4;  // no share: all of the pool
  EXPECT_EQ(PredictedWait(load), 10ms);
}

TEST(PredictedWaitTest, IsToldWithTheDecision) {
  Situation situation;
  situation.load.free_after = 20ms;
  EXPECT_EQ(DecisionOf(situation).predicted_wait, 20ms);
  situation.load.free_after = 40ms;
  EXPECT_FALSE(DecisionOf(situation).admit);
  EXPECT_EQ(DecisionOf(situation).predicted_wait, 40ms);
}

TEST(PredictedWaitTest, TheMostThatItMayBeIsToldToo) {
  Situation situation;
  situation.load.free_after = 40ms;
  const Duration most = DecisionOf(situation).most_wait;
  EXPECT_GT(most, 0ms);
  situation.load.free_after = most;
  EXPECT_TRUE(DecisionOf(situation).admit);
  situation.load.free_after = most + 1us;
  EXPECT_FALSE(DecisionOf(situation).admit);
  situation.load.is_worker_idle = true;
  EXPECT_EQ(DecisionOf(situation).most_wait, 0ms) << "nobody asked";
}

// I9: more slack, or more criticality, never turns a yes into a no. (Probes are not about either.)
class RandomSituation {
 public:
  explicit RandomSituation(std::uint64_t seed) : random_(seed) {}
  Situation Make() {
    Situation s;
    s.load.workers = random_() % 8 + 1;
    s.load.free_workers = random_() % s.load.workers + 1;
    s.load.quota = random_() % s.load.workers + 1;
    s.load.is_worker_idle = random_() % 3 == 0;
    s.load.alpha = random_() % 2 == 0 ? 0.5 : 0.9;
    s.load.free_after = Within(60ms);
    s.load.mean_run = Within(20ms);
    s.load.endpoint_residual = Within(60ms);
    s.load.endpoint_ahead = Within(60ms);
    s.service.mean = Within(40ms);
    s.service.median = Within(40ms);
    s.service.allowance = Within(60ms);
    s.service.smallest_median = std::min(s.service.median, Within(40ms));
    s.service.may_queue = random_() % 4 != 0;
    s.request.due = kNow + Within(100ms);
    return s;
  }
  Duration Within(Duration range) {
    return Duration(
        static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(range.count())));
  }

 private:
  std::mt19937_64 random_;
};

TEST(AdmissionPropertyTest, IsMonotoneInSlackAndCriticality) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomSituation random(seed);
  for (int i = 0; i < 5000; ++i) {
    Situation situation = random.Make();
    bool was_admitted = true;
    for (const Criticality criticality : kAllCriticalities) {  // the most critical first
      situation.request.criticality = criticality;
      const bool is_admitted = DecisionOf(situation).admit;
      ASSERT_TRUE(was_admitted || !is_admitted);
      was_admitted = is_admitted;
      Situation longer = situation;
      longer.request.due += random.Within(50ms);
      ASSERT_TRUE(!is_admitted || DecisionOf(longer).admit);
    }
  }
}

TEST(AdmissionPropertyTest, NobodyIsAdmittedByPredictionWhoCouldNotEndInTime) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomSituation random(seed);
  for (int i = 0; i < 5000; ++i) {
    const Situation situation = random.Make();
    const Decision decision = DecisionOf(situation);
    if (!decision.admit) continue;
    ASSERT_LE(kNow + decision.predicted_wait + decision.allowance, situation.request.due);
  }
}

}  // namespace
}  // namespace baton::serve
