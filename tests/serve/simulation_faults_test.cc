// What goes wrong around the dispatcher, or changes under it: clients that leave or lie, models
// that slow down or hang, a clock that jumps, pools that are resized.
#include <random>

#include <gtest/gtest.h>

#include "tests/serve/simulation.h"
#include "tests/serve/simulation_harness.h"

namespace baton::serve {
namespace {

// Of four workers, for runs of 5 ms.
constexpr double kMeanSeconds = 0.005;
constexpr double kCapacity = 4 / kMeanSeconds;

Workload Base(double load) {
  Workload workload;
  workload.length = 8s;
  workload.service = {Lognormal(5ms, 0.3)};
  workload.traffic = {{load * kCapacity, 0, 50ms}};
  return workload;
}

TEST(SimulatedFaultTest, OfClientsThatLeaveLittleIsRunForNobody) {
  Workload workload = Base(2);
  workload.traffic[0].leave_share = 0.3;
  EXPECT_GE(ShareOfIdeal(workload, kCapacity, kMeanSeconds), 0.97);
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_GT(result.all.left, 0u);
    EXPECT_LT(result.WastedShare(), 0.05);
  });
}

TEST(SimulatedFaultTest, AModelThatBecomesTenTimesSlowerKeepsTheGoodputThatIsLeft) {
  constexpr double kSlow = 10;
  Workload workload = Base(2);
  workload.length = 16s;
  workload.service = {Lognormal(3ms, 0.3)};
  workload.service_factor_after_half = kSlow;
  workload.traffic[0].per_second = 2 * 4 / 0.003;
  double good = 0;
  for (workload.seed = 1; workload.seed <= 3; ++workload.seed) {
    const SimulationResult result = Simulate(workload);
    ExpectSound(result);
    EXPECT_EQ(result.all.late, 0u);
    good += result.GoodPerSecond(10s, 18s) / 3;
  }
  EXPECT_GE(good, 0.9 * 4 / (0.003 * kSlow));
}

TEST(SimulatedFaultTest, WhenEveryWorkerHangsEverybodyIsAnsweredInsideTheBudget) {
  Workload workload = Base(2);
  workload.stops_when_unwanted = false;
  workload.service_factor_after_half = 1e6;
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_EQ(result.all.late, 0u);
    EXPECT_EQ(result.GoodPerSecond(7s, 10s), 0);
    EXPECT_LE(result.all.expired, 10u) << "those that ran; nobody waits for what never comes free";
  });
}

TEST(SimulatedFaultTest, AfterAJumpOfTheClockGoodputIsNormalWithinASecond) {
  for (const double load : {0.8, 2.0}) {
    Workload workload = Base(load);
    workload.length = 13s;
    workload.jump = {4s, 5s};
    double good = 0;
    ForEachSeed(workload, [&](const SimulationResult& result) {
      EXPECT_LE(result.all.late, 100u) << "those that were in when it stood still";
      good += result.GoodPerSecond(10s, 12s) / (kFixedSeeds + 1);
    });
    EXPECT_GE(good, 0.95 * std::min(load, 1.0) * kCapacity) << load;
  }
}

TEST(SimulatedFaultTest, ASuddenStopAndStartOfTheClockForAShortTimeHurtsNobodyAfter) {
  Workload workload = Base(0.8);
  workload.jump = {4s, 300ms};
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_LE(result.all.late, 50u);
    EXPECT_GE(result.all.GoodShare(), 0.97);
  });
}

TEST(SimulatedFaultTest, APoolThatIsResizedAllTheTimeLosesNoRequest) {
  std::mt19937 random(7);
  Workload workload = Base(1.5);
  for (Duration at = 500ms; at < 10s; at += 50ms) {
    workload.resizes.push_back({at, random() % 8 + 1});
  }
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_EQ(result.all.late, 0u);
    EXPECT_GT(result.all.GoodShare(), 0.3);
  });
}

TEST(SimulatedFaultTest, AfterAResizeGoodputIsThatOfTheNewSize) {
  Workload workload = Base(2);
  workload.resizes = {{4s, 1}, {7s, 8}};
  workload.traffic[0].per_second = 3200;
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_NEAR(result.GoodPerSecond(2s, 4s), 800, 40);
    EXPECT_NEAR(result.GoodPerSecond(5s, 7s), 200, 30);
    EXPECT_NEAR(result.GoodPerSecond(8s, 10s), 1600, 80);
  });
}

TEST(SimulatedFaultTest, AFloodOfBudgetsThatNobodyCanMeetDoesNotHurtTheOthers) {
  for (const double load : {0.8, 2.0}) {
    Workload workload = Base(load);
    workload.traffic.push_back({10'000, 0, 1ms});
    double good = 0, ideal = 0;
    ForEachSeed(workload, [&](const SimulationResult& result) {
      good += static_cast<double>(result.traffic[0].good);
      ideal += std::min(static_cast<double>(result.traffic[0].offered), kCapacity * result.seconds);
      EXPECT_EQ(result.traffic[1].good, 0u);
      EXPECT_LT(result.WastedShare(), 0.005);  // one probe a second
    });
    EXPECT_GE(good / ideal, 0.98) << load;
  }
}

TEST(SimulatedFaultTest, WhenEverybodyLiesGoodputIsTheIdealAllTheSame) {
  Workload workload = Base(2);
  workload.traffic = {{2 * kCapacity, 0, 10s, Criticality::kCritical}};
  EXPECT_GE(ShareOfIdeal(workload, kCapacity, kMeanSeconds), 0.98);
}

TEST(SimulatedFaultTest, WhoTellsTheTruthIsServedBesideThoseWhoLie) {
  Workload workload = Base(2);
  workload.length = 20s;
  workload.traffic = {{2 * kCapacity, 0, 10s, Criticality::kCritical}, {kCapacity / 2, 0, 50ms}};
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_EQ(result.all.late, 0u);
    EXPECT_GE(result.traffic[1].GoodShare(), 0.8);
  });
}

TEST(SimulatedFaultTest, ADrainRefusesWhoComesAndServesWhoWaits) {
  Workload workload = Base(0.8);
  workload.drains_at = 5s;
  ForEachSeed(workload, [](const SimulationResult& result) {
    EXPECT_GT(result.GoodPerSecond(4s, 5s), 0);
    EXPECT_EQ(result.GoodPerSecond(5250ms, 10s), 0);
    EXPECT_EQ(result.all.offered, result.all.good + result.all.refused + result.all.shed +
                                      result.all.expired + result.all.left);
  });
}

TEST(SimulatedFaultTest, AtTenTimesTheCapacityTheQueueDoesNotGrowWithTime) {
  Workload workload = Base(10);
  workload.length = 2s;
  std::size_t after_short = 0;
  ForEachSeed(workload, [&](const SimulationResult& result) {
    after_short = std::max(after_short, result.most_waiting);
  });
  workload.length = 10s;
  ForEachSeed(workload, [&](const SimulationResult& result) {
    EXPECT_LE(result.most_waiting, 2 * after_short);
    EXPECT_LE(result.most_waiting, 100u);  // what four workers can run in 50 ms is 40
  });
}

}  // namespace
}  // namespace baton::serve
