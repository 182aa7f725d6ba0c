// The metrics of the server's parts, most of them read at every scrape.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "server/app/conductor.h"
#include "server/app/control_room.h"
#include "server/app/serving_state.h"
#include "server/metrics/registry.h"
#include "server/serve/endpoints.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"

namespace baton::app {

// Everything outlives the registry's last scrape.
struct ObservedParts {
  serve::Endpoints& endpoints;
  const ServingState& serving;
  const serve::PendingResponses& pending;
  serve::Scheduler& scheduler;
  const serve::Scheduler& reserve;
  const std::vector<std::unique_ptr<Conductor>>& conductors;
  const ControlRoom& control_room;
  const LiveConfiguration& configuration;
  const Readiness& readiness;
  const std::atomic<bool>& is_draining;
};
void AddServerGauges(metrics::Registry& registry, const ObservedParts& parts);

// What a conductor's loop reports about itself, into a shard of its own.
net::LoopMetrics MakeLoopMetrics(metrics::Registry& registry, const std::string& conductor);
MalformedBudgetCounters MakeMalformedBudgetCounters(metrics::Registry& registry);

// Depth, limit and drops of a listening socket's backlog; `fd` stays open until the last scrape.
void AddBacklogMetrics(metrics::Registry& registry, const std::string& listener, int fd);

}  // namespace baton::app
