// The production dispatcher under load with a manual clock: arrivals, runs and deadlines as events,
// a simulated minute in about a second, without threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/serve/dispatch_checks.h"
#include "tests/serve/workload.h"

namespace baton::serve {

struct Outcomes {
  std::uint64_t offered = 0;
  std::uint64_t good = 0;     // ended by their deadline
  std::uint64_t refused = 0;  // at the door, by whatever cause
  std::uint64_t shed = 0;     // given up while they waited
  std::uint64_t expired = 0;  // at their deadline, waiting or running
  std::uint64_t left = 0;     // their client did
  std::uint64_t late = 0;     // of all of these: answered after the deadline

  Outcomes& operator+=(const Outcomes& other);
  double GoodShare() const;  // of those offered
};

struct SimulationResult {
  static constexpr Duration kSlice = 250ms;

  std::vector<Outcomes> traffic;  // as in the workload
  Outcomes all;
  double seconds = 0;
  Duration busy = Duration::zero();
  Duration drawn = Duration::zero();  // the service times of those that were begun
  std::uint64_t begun = 0;
  Duration wasted = Duration::zero();      // of it, for nobody
  std::vector<std::uint64_t> good_slices;  // by the time of the answer, since the start
  std::size_t most_waiting = 0;
  DispatchViolations violations;

  double GoodPerSecond() const { return static_cast<double>(all.good) / seconds; }
  // Between two times since the start.
  double GoodPerSecond(Duration from, Duration to) const;
  double WastedShare() const;
  // Mean service time of those that were begun. Nobody knows it before, so it is a fair sample.
  double MeanDrawnSeconds() const;
};

// Guard and hand-off are a millisecond before each deadline, at most a tenth of the budget.
SimulationResult Simulate(const Workload& workload);

}  // namespace baton::serve
