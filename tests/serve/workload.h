// What a simulation is given: who comes, how long runs take, and what happens to the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "server/serve/dispatcher.h"

namespace baton::serve {

using Random = std::mt19937_64;
using ServiceTime = std::function<Duration(Random&)>;

// Requests of one kind.
struct Traffic {
  double per_second = 0;  // Poisson, times the workload's phase
  std::uint32_t endpoint = 0;
  Duration budget = 50ms;
  Criticality criticality = Criticality::kDefault;
  double leave_share = 0;  // of the clients, who go away at a random time before their deadline
};

struct Workload {
  std::size_t workers = 4;
  Duration length = 20s;
  Duration warm_up = 2s;  // not counted
  std::vector<Traffic> traffic;
  // By endpoint: how long a run of one takes, drawn for each request; a batch of n takes
  // (a + b n) / (a + b) times the longest of them.
  std::vector<ServiceTime> service;
  double batch_fixed = 1;  // a of a + b n, with a + b = 1
  std::vector<EndpointPolicy> policies;
  std::function<double(Duration since_start)> phase;  // of every rate, at most 4; none: 1
  bool stops_when_unwanted = true;  // runs end when nobody waits for them any more
  bool has_warm_up_runs = true;     // before the first request, of every endpoint
  double service_factor_after_half = 1;

  // What happens to the server, by the time since the start.
  struct Resize {
    Duration at;
    std::size_t workers;
  };
  std::vector<Resize> resizes;
  std::optional<Duration> drains_at;
  struct Jump {
    Duration at, by;
  };
  std::optional<Jump> jump;  // of the clock: the machine stands still as long

  Dispatcher::Options options;
  std::uint64_t seed = 1;
};

// Service times.
ServiceTime Fixed(Duration time);
// Of this mean; `sigma` of the underlying normal distribution.
ServiceTime Lognormal(Duration mean, double sigma);
// A share of runs takes `times` as long.
ServiceTime SometimesSlow(Duration time, double share, double times);

}  // namespace baton::serve
