// When a canary is rolled back, and which requests it gets.
#include "server/serve/canary.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

struct Situation {
  const char* what;
  VersionWindow stable;
  VersionWindow canary;
  double margin;
  const char* reason;  // empty: it stays
};
class CanarySituationTest : public ::testing::TestWithParam<Situation> {};

TEST_P(CanarySituationTest, IsJudged) {
  const Situation& situation = GetParam();
  const CanaryVerdict verdict =
      JudgeCanary(situation.stable, situation.canary, {situation.margin, 200, 60s});
  EXPECT_EQ(verdict.reason, situation.reason) << situation.what;
  EXPECT_EQ(verdict.rolls_back, !verdict.reason.empty()) << situation.what;
}

INSTANTIATE_TEST_SUITE_P(
    Situations, CanarySituationTest,
    ::testing::Values(
        Situation{"nothing has happened", {}, {}, 0.02, ""},
        Situation{"both do well", {1800, 0, 0}, {200, 0, 0}, 0.0, ""},
        Situation{"both do badly", {1800, 900, 0}, {200, 110, 0}, 0.02, ""},
        Situation{"the canary is better", {1800, 900, 900}, {200, 0, 0}, 0.0, ""},
        Situation{"many more misses",
                  {3708, 15, 0},
                  {412, 30, 0},
                  0.02,
                  "miss rate 7.3 % of 412 requests, stable's 0.4 % of 3708, margin 2 %"},
        Situation{"inside the margin", {3708, 15, 0}, {412, 30, 0}, 0.1, ""},
        Situation{"too few to be sure", {1800, 9, 0}, {199, 40, 0}, 0.02, ""},
        Situation{"as many, and one more request",
                  {1800, 9, 0},
                  {200, 40, 0},
                  0.02,
                  "miss rate 20 % of 200 requests, stable's 0.5 % of 1800, margin 2 %"},
        Situation{"errors are named before the misses that they are",
                  {1800, 9, 0},
                  {200, 40, 40},
                  0.02,
                  "error rate 20 % of 200 requests, stable's 0 % of 1800, margin 2 %"},
        Situation{"nothing but errors",
                  {180, 0, 0},
                  {20, 20, 20},
                  0.02,
                  "error rate 100 % of 20 requests, stable's 0 % of 180, margin 2 %"},
        Situation{"nothing but errors at half the traffic",
                  {20, 0, 0},
                  {20, 20, 20},
                  0.02,
                  "error rate 100 % of 20 requests, stable's 0 % of 20, margin 2 %"},
        Situation{"nothing but errors, one request earlier", {171, 0, 0}, {19, 19, 19}, 0.02, ""},
        Situation{"nothing but errors of both", {180, 180, 180}, {20, 20, 20}, 0.02, ""},
        Situation{"half errors, and few", {180, 0, 0}, {20, 10, 10}, 0.02, ""},
        Situation{"nothing but errors, and nobody beside it",
                  {},
                  {20, 20, 20},
                  0.02,
                  "error rate 100 % of 20 requests, the stable version had none, margin 2 %"},
        Situation{"a stable version of which little is known", {2, 0, 0}, {20, 20, 20}, 0.02, ""},
        Situation{"more misses than requests were counted",
                  {180, 0, 0},
                  {20, 25, 0},
                  0.02,
                  "miss rate 100 % of 20 requests, stable's 0 % of 180, margin 2 %"}));

TEST(CanaryTest, AsFewRequestsAsThePolicyWantsMayBeEnough) {
  EXPECT_FALSE(JudgeCanary({100, 0, 0}, {4, 4, 4}, {0.02, 5, 60s}).rolls_back);
  EXPECT_TRUE(JudgeCanary({100, 0, 0}, {10, 10, 10}, {0.02, 5, 60s}).rolls_back);
}

TEST(CanaryTest, MoreThanTheMarginIsAllowedToTheDoubtOfBothSides) {
  // 10 % against 5 % and a margin of 2 %: no doubt is left from some thousands of requests on.
  const auto judged = [](std::uint64_t requests) {
    return JudgeCanary({requests * 9, requests * 9 / 20, 0}, {requests, requests / 10, 0},
                       {0.02, 200, 60s})
        .rolls_back;
  };
  EXPECT_FALSE(judged(400));
  EXPECT_FALSE(judged(1'000));
  EXPECT_TRUE(judged(4'000));
}

// A window of requests that miss and fail at a rate, shared between the two as a server does it.
class SimulatedWindow {
 public:
  explicit SimulatedWindow(std::mt19937_64& random) : random_(random) {}

  // Judged after every `step` requests, as a keeper that looks again and again does; the number of
  // the canary's requests at which it was rolled back, 0 when it was not.
  std::uint64_t Run(std::uint64_t requests, std::uint64_t step, double share, double stable_rate,
                    double canary_rate, double margin) {
    VersionWindow stable;
    VersionWindow canary;
    std::uniform_real_distribution<double> chance(0, 1);
    for (std::uint64_t i = 0; i < requests; ++i) {
      const bool takes = TakesCanary(i, share);
      VersionWindow& window = takes ? canary : stable;
      const double hit = chance(random_);
      const double rate = takes ? canary_rate : stable_rate;
      ++window.requests;
      window.misses += hit < rate ? 1 : 0;
      window.errors += hit < rate / 2 ? 1 : 0;
      if ((i + 1) % step != 0) continue;
      if (JudgeCanary(stable, canary, {margin, 200, 60s}).rolls_back) return canary.requests;
    }
    return 0;
  }

 private:
  std::mt19937_64& random_;
};

TEST(CanarySimulationTest, EqualVersionsAreRolledBackInLessThanOneWindowOfAThousand) {
  // The counts of a window are drawn at once.
  std::mt19937_64 random(1);
  for (const double rate : {0.001, 0.01, 0.05, 0.2, 0.5, 0.95}) {
    for (const double share : {0.01, 0.1, 0.5}) {
      for (const double margin : {0.0, 0.02}) {
        const std::uint64_t requests = 4'000;
        const auto to_canary = static_cast<std::uint64_t>(requests * share);
        std::binomial_distribution<std::uint64_t> stable(requests - to_canary, rate);
        std::binomial_distribution<std::uint64_t> canary(to_canary, rate);
        int rolled_back = 0;
        for (int i = 0; i < 1'500; ++i) {
          const VersionWindow beside{requests - to_canary, stable(random), 0};
          const VersionWindow newer{to_canary, canary(random), 0};
          rolled_back += JudgeCanary(beside, newer, {margin, 20, 60s}).rolls_back ? 1 : 0;
        }
        EXPECT_LT(rolled_back, 2) << rate << " " << share << " " << margin;
      }
    }
  }
}

TEST(CanarySimulationTest, LookingAgainAndAgainRollsBackNoneOfAHundredEqualVersions) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(SimulatedWindow(random).Run(4'000, 50, 0.1, 0.02, 0.02, 0.0), 0u) << i;
  }
}

TEST(CanarySimulationTest, FiveTimesTheMissesAreFoundWithinSomeHundredRequests) {
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> found;
  for (int i = 0; i < 50; ++i) {
    found.push_back(SimulatedWindow(random).Run(20'000, 50, 0.1, 0.02, 0.1, 0.02));
    EXPECT_GT(found.back(), 0u);
  }
  std::sort(found.begin(), found.end());
  EXPECT_LT(found[found.size() / 2], 600u);
  EXPECT_LT(found.back(), 1'500u);
}

TEST(CanarySimulationTest, OneThatOnlyFailsIsFoundWithinThirtyRequestsAtAnyShareUpToHalf) {
  std::mt19937_64 random(4);
  for (const double share : {0.01, 0.1, 0.5}) {
    const std::uint64_t found = SimulatedWindow(random).Run(10'000, 1, share, 0.01, 2.0, 0.02);
    EXPECT_GE(found, 20u) << share;
    EXPECT_LE(found, 30u) << share;
  }
}

TEST(TakesCanaryTest, AfterAnyNumberOfRequestsTheShareIsRightToWithinAFew) {
  for (const double share : {0.001, 0.01, 0.1, 1.0 / 3, 0.5, 0.9, 0.999}) {
    double taken = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      taken += TakesCanary(i, share) ? 1 : 0;
      ASSERT_LT(std::abs(taken - share * static_cast<double>(i + 1)), 4) << share << " " << i;
    }
  }
}

TEST(TakesCanaryTest, AnyStretchHoldsTheShareToo) {
  const std::uint64_t start = std::uint64_t{1} << 40;
  double taken = 0;
  for (std::uint64_t i = 0; i < 1'000; ++i) taken += TakesCanary(start + i, 0.1) ? 1 : 0;
  EXPECT_NEAR(taken, 100, 4);
}

TEST(TakesCanaryTest, NoneAndAllAreExact) {
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(TakesCanary(i, 0));
    EXPECT_TRUE(TakesCanary(i, 1));
  }
}

}  // namespace
}  // namespace baton::serve
