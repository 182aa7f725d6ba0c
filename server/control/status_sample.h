// What a server does, as it was at one moment, with rates over the time since the moment before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/control/control_port.h"

namespace baton::control {

// One kind of answer, or one cause of misses.
struct Counted {
  std::string name;
  std::uint64_t total = 0;  // since the start
  double per_second = 0;
};

// One endpoint.
struct EndpointLoad {
  std::string name;
  std::uint64_t received_total = 0;
  std::uint64_t requests_total = 0;  // answered
  std::uint64_t predictions_total = 0;
  std::uint64_t misses_total = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t waiting = 0;  // for a worker
  double offered_per_second = 0;
  double goodput_per_second = 0;
  double misses_per_second = 0;
  Duration predicted_wait = Duration::zero();  // of a default request that came now
  Duration median = Duration::zero();          // of its runs
  Duration default_budget = Duration::zero();
  std::vector<Counted> causes = {};  // of its misses: those that there were
};

// One thread that owns sockets of the data plane over HTTP.
struct ConductorLoad {
  int number = 0;
  Duration worst_lag = Duration::zero();  // since the sample before, of turns that requests came in
  std::string overload_level;             // "calm", "terse", "no_pipelining" or "closed"
  std::uint64_t connections = 0;
};

// Connections that wait in the kernel to be accepted.
struct BacklogState {
  std::string listener;  // "http" or "pages"
  std::uint32_t depth = 0;
  std::uint32_t limit = 0;
  std::uint64_t drops_total = 0;  // turned away since the start
};

// Sums are of all endpoints, and of what named none.
struct StatusSample {
  std::uint64_t number = 0;  // counts them, from 1; 0: none was taken yet
  std::int64_t at_unix_ms = 0;
  Duration covers = Duration::zero();  // what rates are over; zero: this is the first
  ServerState server;
  std::uint64_t received_total = 0;
  std::uint64_t in_flight = 0;  // received and not answered
  double offered_per_second = 0;
  double goodput_per_second = 0;
  double misses_per_second = 0;
  std::vector<Counted> answers;  // every kind
  std::vector<Counted> causes;   // every one
  Duration longest_predicted_wait = Duration::zero();
  std::vector<BacklogState> backlogs;
  std::vector<ConductorLoad> conductors;
  std::vector<EndpointLoad> endpoints;  // by name
  // Answers by the share of the budget that was gone when they left: up to each of `bounds`, and
  // beyond the last. Since the start.
  std::vector<double> budget_used_bounds = {};
  std::vector<std::uint64_t> budget_used = {};
  std::vector<ModelState> models = {};  // by name
  std::vector<MissState> misses = {};   // the last ones, the newest first
};

}  // namespace baton::control
