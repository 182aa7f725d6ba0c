// A workload over several seeds, the last of them a new one each time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/serve/simulation.h"

namespace baton::serve {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kFixedSeeds = 1;  // ten times slower
#else
inline constexpr int kFixedSeeds = 3;
#endif

inline std::vector<std::uint64_t> Seeds() {
  std::vector<std::uint64_t> seeds;
  for (int seed = 1; seed <= kFixedSeeds; ++seed) seeds.push_back(static_cast<std::uint64_t>(seed));
  seeds.push_back(std::random_device{}());
  return seeds;
}

// Whatever else is looked at: every request has exactly one answer, and every start was right.
inline void ExpectSound(const SimulationResult& result) {
  const DispatchViolations& violations = result.violations;
  EXPECT_EQ(violations.unanswered, 0u);
  EXPECT_EQ(violations.answered_twice, 0u);
  EXPECT_EQ(violations.doomed_starts, 0u);
  EXPECT_EQ(violations.idle_workers, 0u);
  EXPECT_EQ(violations.wrong_order, 0u);
  EXPECT_EQ(violations.wrong_sums, 0u);
}

// `check` sees the result of each seed, which a failure tells.
template <typename Check>
void ForEachSeed(Workload workload, Check check) {
  for (const std::uint64_t seed : Seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    workload.seed = seed;
    const SimulationResult result = Simulate(workload);
    ExpectSound(result);
    check(result);
  }
}

// Predictions as a share of what could have been: of those offered, as many as the workers can run.
// `capacity_per_second` is that of runs of `mean_seconds`, and is put right for the mean of those
// that were drawn. Always of the same seeds.
inline double ShareOfIdeal(Workload workload, double capacity_per_second, double mean_seconds) {
  double good = 0, ideal = 0;
  for (workload.seed = 1; workload.seed <= 3; ++workload.seed) {
    SCOPED_TRACE("seed " + std::to_string(workload.seed));
    const SimulationResult result = Simulate(workload);
    ExpectSound(result);
    EXPECT_EQ(result.all.late, 0u);
    good += static_cast<double>(result.all.good);
    ideal +=
        std::min(static_cast<double>(result.all.offered),
                 capacity_per_second * result.seconds * mean_seconds / result.MeanDrawnSeconds());
  }
  return good / ideal;
}

}  // namespace baton::serve
