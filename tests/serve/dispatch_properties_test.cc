// The invariants of scheduling, whatever comes: random servers under random workloads.
#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/serve/simulation.h"
#include "tests/serve/simulation_harness.h"
#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

class RandomWorkload {
 public:
  explicit RandomWorkload(std::uint64_t seed) : random_(seed) {}

  Workload Make() {
    Workload workload;
    workload.seed = random_();
    workload.workers = Between(1, 8);
    workload.warm_up = 0s;
    workload.length = 2s;
    workload.stops_when_unwanted = OneIn(2);
    workload.has_warm_up_runs = OneIn(2);
    workload.batch_fixed = Share();
    if (OneIn(3)) workload.phase = [](Duration since) { return since / 100ms % 2 == 0 ? 0.2 : 4; };
    if (OneIn(4)) workload.options.forced_error = 0.25 + 4 * Share();
    if (OneIn(4)) workload.service_factor_after_half = 0.1 + 10 * Share();
    if (OneIn(8)) workload.drains_at = Within(2s);
    if (OneIn(4)) workload.jump = {Within(2s), Within(3s)};
    while (OneIn(2)) workload.resizes.push_back({Within(2s), Between(1, 10)});
    const std::size_t endpoints = Between(1, 3);
    for (std::size_t i = 0; i < endpoints; ++i) AddEndpoint(workload);
    return workload;
  }

 private:
  bool OneIn(std::uint64_t count) { return random_() % count == 0; }
  std::size_t Between(std::size_t least, std::size_t most) {
    return least + random_() % (most - least + 1);
  }
  double Share() { return std::uniform_real_distribution<double>()(random_); }
  Duration Within(Duration range) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(range.count()) * Share()));
  }

  void AddEndpoint(Workload& workload) {
    const auto endpoint = static_cast<std::uint32_t>(workload.service.size());
    const Duration mean = 20us + Within(OneIn(3) ? 50ms : 2ms);
    switch (random_() % 3) {
      case 0: workload.service.push_back(Fixed(mean)); break;
      case 1: workload.service.push_back(Lognormal(mean, 1.5 * Share())); break;
      default: workload.service.push_back(SometimesSlow(mean, 0.2 * Share(), 20 * Share())); break;
    }
    EndpointPolicy policy;
    if (OneIn(3)) policy.max_workers = static_cast<int>(Between(1, 6));
    if (OneIn(3)) {
      policy.min_workers = static_cast<int>(
          Between(1, policy.max_workers > 0 ? static_cast<std::size_t>(policy.max_workers) : 4));
    }
    if (OneIn(3)) policy.batch.max_size = Between(2, 16);
    if (policy.batch.max_size > 1 && OneIn(2)) policy.batch.max_delay = Within(5ms);
    workload.policies.push_back(policy);
    for (std::size_t kinds = Between(1, 3); kinds > 0; --kinds) {
      Traffic traffic;
      traffic.endpoint = endpoint;
      traffic.per_second =
          std::min(4000.0, 3 * Share() * static_cast<double>(workload.workers) / ToSeconds(mean));
      traffic.budget = 1ms + Within(OneIn(4) ? 5s : 100ms);
      traffic.criticality = kAllCriticalities[random_() % kAllCriticalities.size()];
      traffic.leave_share = OneIn(3) ? Share() : 0;
      workload.traffic.push_back(traffic);
    }
  }

  std::mt19937_64 random_;
};

TEST(DispatchPropertyTest, WhateverComesEveryRequestHasOneAnswerAndEveryStartIsRight) {
  const std::uint64_t base = std::random_device{}();
  for (std::uint64_t seed = base; seed < base + (kFixedSeeds == 1 ? 12 : 100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Workload workload = RandomWorkload(seed).Make();
    const SimulationResult result = Simulate(workload);
    ExpectSound(result);
    const Outcomes& all = result.all;
    EXPECT_EQ(all.offered, all.good + all.refused + all.shed + all.expired + all.left);
    EXPECT_TRUE(workload.jump || all.late == 0);
    if (testing::Test::HasFailure()) return;
  }
}

// I7: a request with at least the median and the guard finds an idle server.
class IdleServerTest : public testing::Test {
 protected:
  bool IsAdmitted(Dispatcher& dispatcher, Duration slack, SteadyTime now) {
    auto ticket = testing_support::MakeTicket(1, endpoint_, now + slack);
    ticket->handler = nullptr;
    ticket->deadline = Deadline(now, slack);
    ticket->admitted = now;
    const bool is_admitted = dispatcher.Submit(ticket, now).decision.admit;
    if (!is_admitted) return false;
    Assignment assignment;
    dispatcher.Take(0, now, assignment);
    EXPECT_EQ(assignment.tickets.size(), 1u) << "it was given up at once";
    dispatcher.Finish(0, {}, now);
    return true;
  }

  Endpoint endpoint_;
};

TEST_F(IdleServerTest, AdmitsWhoHasTheMedianWhateverTheHistory) {
  const std::uint64_t base = std::random_device{}();
  for (std::uint64_t seed = base; seed < base + 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Dispatcher dispatcher({}, 1);
    for (std::size_t i = random() % 4 + 1; i > 0; --i) dispatcher.Join();
    SteadyTime now{1s};
    for (std::uint64_t phase = random() % 6; phase > 0; --phase) {
      const Duration typical(1 + random() % 200'000'000);
      const auto end = static_cast<RunSample::End>(random() % 3);
      for (std::uint64_t run = random() % 300; run > 0; --run) {
        const Duration took(1 + random() % static_cast<std::uint64_t>(typical.count()));
        const RunSample sample{0, random() % 20 == 0 ? 50 * took : took, 1, end};
        dispatcher.Finish(0, {&sample, 1}, now);
        now += took;
      }
    }
    const Duration median = dispatcher.book(0).estimate().q50();
    ASSERT_TRUE(IsAdmitted(dispatcher, std::max(median, 1ns), now));
    ASSERT_TRUE(IsAdmitted(dispatcher, median + 1s, now));
  }
}

}  // namespace
}  // namespace baton::serve
