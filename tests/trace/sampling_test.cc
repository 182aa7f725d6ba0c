#include "server/trace/sampling.h"

#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::trace {
namespace {

TraceContext Of(std::uint64_t low, bool is_sampled = false) {
  TraceContext trace;
  trace.trace_id = {1, low};
  trace.is_sampled = is_sampled;
  return trace;
}

TEST(SamplingTest, AShareIsKeptByTheRandomBitsOfTheTraceId) {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 56;
  EXPECT_TRUE(IsInShare({0, kAll - 1}, 0.01));
  EXPECT_FALSE(IsInShare({0, kAll / 2}, 0.01));
  EXPECT_TRUE(IsInShare({0, kAll / 2}, 0.5));
  EXPECT_FALSE(IsInShare({0, kAll / 2 - 1}, 0.5));
  EXPECT_FALSE(IsInShare({0xff, 0xff00'0000'0000'0000}, 0.99)) << "the first bits do not count";
  EXPECT_TRUE(IsInShare({0, 0}, 1));
  EXPECT_FALSE(IsInShare({0, kAll - 1}, 0));
}

TEST(SamplingTest, OfManyTracesTheShareIsKept) {
  std::mt19937_64 random(1);
  constexpr int kTraces = 100'000;
  for (const double share : {0.0, 0.01, 0.3, 1.0}) {
    int kept = 0;
    for (int i = 0; i < kTraces; ++i) kept += IsInShare({random(), random()}, share);
    const double spread = 5 * std::sqrt(kTraces * share * (1 - share));
    EXPECT_NEAR(kept, kTraces * share, spread) << share;
  }
}

// The threshold of OpenTelemetry's probability sampling: at 50 % the random part is at least 2^55.
TEST(SamplingTest, TheThresholdIsThatOfOtherSamplers) {
  EXPECT_TRUE(IsInShare({0, std::uint64_t{1} << 55U}, 0.5));
  EXPECT_FALSE(IsInShare({~std::uint64_t{0}, (std::uint64_t{1} << 55U) - 1}, 0.5));
}

TEST(SamplingTest, WhoKeepsMoreKeepsTheSameOnesToo) {
  int kept = 0;
  for (int i = 0; i < 10'000; ++i) {
    const TraceId id = NewTraceId();
    if (!IsInShare(id, 0.1)) continue;
    ++kept;
    EXPECT_TRUE(IsInShare(id, 0.2));
  }
  EXPECT_GT(kept, 500);
  EXPECT_LT(kept, 2000);
}

TEST(SamplingTest, MissesAreWantedAndTracesOfCallersWhoRecord) {
  Sampling none;
  none.share = 0;
  EXPECT_TRUE(IsWanted(none, Of(0), true));
  EXPECT_FALSE(IsWanted(none, Of(0), false));
  EXPECT_TRUE(IsWanted(none, Of(0, true), false));
  none.follows_callers = false;
  EXPECT_FALSE(IsWanted(none, Of(0, true), false));
}

TEST(RateGateTest, SoManyPassInASecond) {
  RateGate gate;
  const SteadyTime start{100s};
  EXPECT_TRUE(gate.TryPass(start, 2));
  EXPECT_TRUE(gate.TryPass(start + 900ms, 2));
  EXPECT_FALSE(gate.TryPass(start + 999ms, 2));
  EXPECT_TRUE(gate.TryPass(start + 1s, 2));
  EXPECT_FALSE(gate.TryPass(start + 1s, 0));
  EXPECT_TRUE(gate.TryPass(start + 999ms, 2)) << "counted in the second that has begun";
  EXPECT_FALSE(gate.TryPass(start + 1s, 2));
}

TEST(RateGateTest, ThreadsShareIt) {
  RateGate gate;
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) passed += gate.TryPass(SteadyTime(7s), 1500);
      });
    }
  }
  EXPECT_EQ(passed, 1500);
}

}  // namespace
}  // namespace baton::trace
