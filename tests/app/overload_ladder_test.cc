// When the ladder is climbed, when it is left, and that neither flaps.
#include "server/app/overload_ladder.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::app {
namespace {

using testing::ElementsAre;
using enum OverloadLevel;

constexpr OverloadLevel kAll[] = {kCalm, kTerse, kNoPipelining, kClosed};

// Looks every 10 ms.
class OverloadLadderTest : public testing::Test {
 protected:
  OverloadLevel Look(Duration lag, double descriptors = 0.1) {
    now_ += 10ms;
    return ladder_.Observe(lag, descriptors, now_);
  }
  void LookFor(Duration time, Duration lag, double descriptors = 0.1) {
    for (const SteadyTime end = now_ + time; now_ < end;) Look(lag, descriptors);
  }
  std::vector<std::uint64_t> Changes() const {
    std::vector<std::uint64_t> changes;
    for (const OverloadLevel level : kAll) changes.push_back(ladder_.changes_to(level));
    return changes;
  }

  OverloadLadder ladder_;
  SteadyTime now_{1s};
};

TEST_F(OverloadLadderTest, ItGoesUpAtOnceToTheHighestLevelThatIsCalledFor) {
  const struct {
    Duration lag;
    double descriptors;
    OverloadLevel level;
  } situations[] = {
      {0ms, 0, kCalm},
      {5ms, 0.89, kCalm},
      {5ms + 1ns, 0, kTerse},
      {20ms, 0.89, kTerse},
      {20ms + 1ns, 0, kNoPipelining},
      {100ms, 0.89, kNoPipelining},
      {100ms + 1ns, 0, kClosed},
      {1h, 0, kClosed},
      {0ms, 0.9, kClosed},
      {0ms, 1.2, kClosed},
      {10ms, 0.95, kClosed},
  };
  for (const auto& situation : situations) {
    ladder_ = OverloadLadder();
    EXPECT_EQ(Look(situation.lag, situation.descriptors), situation.level)
        << situation.lag.count() << " ns, " << situation.descriptors;
    EXPECT_EQ(ladder_.level(), situation.level);
  }
}

// From each level: what 200 ms of a measure lead to.
TEST_F(OverloadLadderTest, ItComesDownOnlyWhereTheMeasureIsWellBelowWhatLedUp) {
  const struct {
    Duration peak;
    Duration lag;
    double descriptors;
    OverloadLevel level;
  } situations[] = {
      {6ms, 2500us, 0.1, kTerse},
      {6ms, 2500us - 1ns, 0.1, kCalm},
      {6ms, 0ms, 0.89, kCalm},
      {21ms, 10ms, 0.1, kNoPipelining},
      {21ms, 10ms - 1ns, 0.1, kTerse},
      {101ms, 50ms, 0.1, kClosed},
      {101ms, 50ms - 1ns, 0.1, kNoPipelining},
      {101ms, 0ms, 0.79, kNoPipelining},
      {101ms, 0ms, 0.8, kClosed},
  };
  for (const auto& situation : situations) {
    ladder_ = OverloadLadder();
    Look(situation.peak);
    LookFor(210ms, situation.lag, situation.descriptors);
    EXPECT_EQ(ladder_.level(), situation.level)
        << situation.peak.count() << " ns, then " << situation.lag.count() << " ns and "
        << situation.descriptors;
  }
}

TEST_F(OverloadLadderTest, ItStaysForTwoHundredMillisecondsOfQuiet) {
  Look(6ms);
  LookFor(200ms, 0ms);
  EXPECT_EQ(ladder_.level(), kTerse);
  EXPECT_EQ(Look(0ms), kCalm);
}

TEST_F(OverloadLadderTest, EveryStepDownTakesItsOwnTime) {
  Look(200ms);
  std::vector<OverloadLevel> seen;
  for (int i = 0; i < 3; ++i) {
    LookFor(200ms, 0ms);
    seen.push_back(ladder_.level());
  }
  EXPECT_THAT(seen, ElementsAre(kClosed, kNoPipelining, kTerse));
  LookFor(10ms, 0ms);
  EXPECT_EQ(ladder_.level(), kCalm);
}

TEST_F(OverloadLadderTest, OneLookThatIsNotQuietBeginsTheTimeAnew) {
  Look(6ms);
  LookFor(200ms, 0ms);
  Look(2500us);
  LookFor(200ms, 0ms);
  EXPECT_EQ(ladder_.level(), kTerse);
  EXPECT_EQ(Look(0ms), kCalm);
}

TEST_F(OverloadLadderTest, WhatIsQuietForOneStepIsNotForTheNext) {
  Look(101ms);
  LookFor(1s, 15ms);
  EXPECT_EQ(ladder_.level(), kNoPipelining);
  LookFor(1s, 5ms);
  EXPECT_EQ(ladder_.level(), kTerse);
}

TEST_F(OverloadLadderTest, ALoopThatHasSleptIsAskedTwiceBeforeItIsTakenForQuiet) {
  Look(6ms);
  now_ += 1h;
  EXPECT_EQ(Look(0ms), kTerse);
  now_ += 1h;
  EXPECT_EQ(Look(0ms), kCalm);
}

TEST_F(OverloadLadderTest, AMeasureThatSwingsAroundAThresholdChangesTheLevelOnce) {
  for (int i = 0; i < 1000; ++i) Look(i % 2 == 0 ? 21ms : 0ms);
  EXPECT_EQ(ladder_.level(), kNoPipelining);
  EXPECT_THAT(Changes(), ElementsAre(0, 0, 1, 0));
}

TEST_F(OverloadLadderTest, EveryChangeIsCountedByWhereItLed) {
  Look(6ms);
  Look(200ms);
  LookFor(1s, 0ms);
  Look(0ms, 0.95);
  EXPECT_THAT(Changes(), ElementsAre(1, 2, 1, 2));
}

}  // namespace
}  // namespace baton::app
