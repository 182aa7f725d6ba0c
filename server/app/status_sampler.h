// What the server does, sampled: the one source of what watchers see.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/app/conductor.h"
#include "server/app/load_hints.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"
#include "server/control/control_port.h"
#include "server/control/status_sample.h"
#include "server/metrics/registry.h"
#include "server/serve/endpoints.h"
#include "server/serve/scheduler.h"

namespace baton::app {

// Threads: one at a time. Cost: a look at a dozen counters of each endpoint; nothing waits for the
// data plane.
class StatusSampler {
 public:
  // Everything outlives it.
  struct Parts {
    const metrics::Registry& registry;
    const serve::Endpoints& endpoints;
    const ServingState& serving;
    serve::Scheduler& scheduler;
    const std::vector<std::unique_ptr<Conductor>>& conductors;
    metrics::Counter busy_seconds;  // of all workers
    LoadHints& load;                // is told of it, too
  };
  // A listening socket to be asked for its backlog, which outlives the sampler.
  struct Listening {
    std::string listener;
    int fd = -1;
  };

  explicit StatusSampler(const Parts& parts) : parts_(parts) {}

  void Add(Listening listening) { listening_.push_back(std::move(listening)); }

  static constexpr std::size_t kMisses = 20;  // that a sample has

  // With rates over the time since the call before. `server` is of now.
  control::StatusSample Take(control::ServerState server, SteadyTime now, std::int64_t unix_ms);

 private:
  struct Counts {
    std::uint64_t received = 0;
    std::array<std::uint64_t, serve::kAllAnswers.size()> answers{};
    std::array<std::uint64_t, serve::kAllCauses.size()> causes{};

    std::uint64_t answered() const;
    std::uint64_t misses() const;
    void Add(const Counts& more);
  };

  Counts CountsOf(const serve::Endpoint& endpoint) const;
  control::EndpointLoad LoadOf(const serve::Endpoint& endpoint, const Counts& now,
                               const Counts& before) const;
  double PerSecond(std::uint64_t now, std::uint64_t before) const;
  void TellSums(const Counts& now, control::StatusSample& sample) const;
  void TellEndpoints(control::StatusSample& sample);
  void TellListening(control::StatusSample& sample) const;
  void TellLoad(SteadyTime now) const;
  void TellBudgets(const serve::Endpoint& endpoint, control::StatusSample& sample) const;

  const Parts parts_;
  std::vector<Listening> listening_;

  std::uint64_t number_ = 0;
  SteadyTime taken_at_;
  Duration covers_ = Duration::zero();
  Counts sums_;
  std::vector<Counts> counts_;  // of endpoints, by index
};

// A whole sample: besides the figures what an operator may ask for, models and the last misses.
control::StatusSample TakeSample(StatusSampler& sampler, const control::ControlPort& port,
                                 SteadyTime now, std::int64_t unix_ms);

}  // namespace baton::app
