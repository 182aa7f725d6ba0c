// Names, labels and sources of the server's gauges.
#include "server/app/server_metrics.h"

#include "server/base/log.h"
#include "server/net/socket.h"

namespace baton::app {
namespace {

// What admission believes of an endpoint.
void AddEstimateGauges(metrics::Registry& registry, const serve::Endpoint& endpoint,
                       const ObservedParts& parts) {
  using Estimate = serve::Scheduler::Estimate;
  const auto estimate = [&scheduler = parts.scheduler, &room = parts.control_room,
                         index = endpoint.index] {
    return scheduler.EstimateOf(index, room.policy(index).default_budget);
  };
  registry.AddGauge("baton_queue_wait_estimate_seconds",
                    "How long admission believes that a request would wait now.",
                    {{"endpoint", endpoint.name}},
                    [estimate] { return ToSeconds(estimate().predicted_wait); });
  const auto add = [&](const std::string& q, Duration Estimate::*quantile) {
    registry.AddGauge("baton_service_time_seconds", "How long admission believes that runs take.",
                      {{"endpoint", endpoint.name}, {"q", q}},
                      [estimate, quantile] { return ToSeconds(estimate().*quantile); });
  };
  add("0.5", &Estimate::q50);
  add("0.95", &Estimate::q95);
  add("0.99", &Estimate::q99);
  registry.AddGauge("baton_last_good_bytes", "Last good answers kept as fallbacks.",
                    {{"endpoint", endpoint.name}},
                    [&store = parts.fallbacks.store(endpoint.index)] {
                      return static_cast<double>(store.bytes());
                    });
}

void AddConductorGauges(metrics::Registry& registry, const Conductor& conductor,
                        const std::string& number) {
  registry.AddGauge("baton_conductor_overload_level",
                    "How far the conductor has withdrawn: 0 (not at all) to 3.",
                    {{"conductor", number}},
                    [&conductor] { return static_cast<double>(conductor.overload_level()); });
  for (std::size_t i = 0; i < kOverloadLevels; ++i) {
    registry.AddCounterFunction(
        "baton_conductor_overload_changes_total", "How often the conductor came to a level.",
        {{"conductor", number}, {"level", std::string(ToText(static_cast<OverloadLevel>(i)))}},
        [&conductor, i] {
          return static_cast<double>(conductor.overload_changes(static_cast<OverloadLevel>(i)));
        });
  }
}

void AddEndpointGauges(metrics::Registry& registry, const serve::Endpoint& endpoint,
                       const ObservedParts& parts) {
  const metrics::Labels labels = {{"endpoint", endpoint.name}};
  registry.AddGauge("baton_requests_in_flight", "Requests received and not answered yet.", labels,
                    [&registry, &endpoint] {
                      // Answered first: a request that ends in between is not counted twice.
                      double answered = 0;
                      for (const metrics::Counter& counter : endpoint.metrics.requests) {
                        answered += registry.Value(counter);
                      }
                      return registry.Value(endpoint.metrics.received) - answered;
                    });
  if (endpoint.kind == serve::Endpoint::Kind::kUnknown) return;
  registry.AddGauge("baton_queue_depth", "Requests waiting for a worker.", labels,
                    [&endpoint] { return static_cast<double>(endpoint.waiting.load()); });
  registry.AddGauge("baton_queue_limit", "The hard cap on waiting requests.", labels,
                    [&parts_scheduler = parts.scheduler] {
                      return static_cast<double>(parts_scheduler.waiting_limit());
                    });
  AddEstimateGauges(registry, endpoint, parts);
  registry.AddGauge("baton_deadline_seconds", "The default budget.", labels,
                    [&room = parts.control_room, index = endpoint.index] {
                      return ToSeconds(room.policy(index).default_budget);
                    });
  registry.AddGauge("baton_slo_target_ratio", "The share of requests that shall get a prediction.",
                    labels, [&endpoint] { return endpoint.slo_target_ratio; });
}

void AddModelMetrics(metrics::Registry& registry, const models::ModelSet& models) {
  for (const auto& [name, versions] : models) {
    for (const models::LoadedModel& loaded : versions.versions) {
      const models::ModelInfo& info = loaded.model->info();
      const metrics::Labels labels = {{"endpoint", name}, {"version", info.version}};
      registry.AddGauge("baton_model_ready", "1 while the version answers requests.", labels,
                        [] { return 1.0; });
      registry.AddGauge("baton_model_info", "1, with what runs the version.",
                        {{"endpoint", name}, {"version", info.version}, {"backend", info.platform}},
                        [] { return 1.0; });
      registry.AddGauge("baton_model_load_duration_seconds", "What loading the version took.",
                        labels, [took = ToSeconds(loaded.load_time)] { return took; });
    }
  }
}

void AddPoolGauges(metrics::Registry& registry, const serve::Scheduler& scheduler,
                   const serve::Scheduler& reserve) {
  const std::string help = "Workers, by what they are doing.";
  registry.AddGauge("baton_pool_workers", help, {{"state", "busy"}},
                    [&scheduler] { return static_cast<double>(scheduler.figures().busy_workers); });
  registry.AddGauge("baton_pool_workers", help, {{"state", "idle"}}, [&scheduler] {
    const serve::Scheduler::Figures figures = scheduler.figures();
    return static_cast<double>(figures.alive_workers - figures.busy_workers);
  });
  registry.AddGauge(
      "baton_pool_zombies",
      "Workers whose run nobody waits for and that goes on far beyond its time.", {},
      [&scheduler, &reserve] {
        return static_cast<double>(scheduler.figures().zombies + reserve.figures().zombies);
      });
}

void AddLogMetrics(metrics::Registry& registry) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    registry.AddCounterFunction("baton_log_messages_total", "Log lines written, by level.",
                                {{"level", std::string(ToText(level))}},
                                [level] { return static_cast<double>(LogLinesWritten(level)); });
  }
  registry.AddCounterFunction("baton_log_messages_dropped_total",
                              "Log lines overrun before they could be written.", {},
                              [] { return static_cast<double>(LogLinesDropped()); });
}

}  // namespace

void AddServerGauges(metrics::Registry& registry, const ObservedParts& parts) {
  for (const auto& endpoint : parts.gateway.endpoints()) {
    AddEndpointGauges(registry, *endpoint, parts);
  }
  AddModelMetrics(registry, parts.gateway.models());
  AddPoolGauges(registry, parts.scheduler, parts.reserve);
  AddLogMetrics(registry);
  for (std::size_t i = 0; i < parts.conductors.size(); ++i) {
    AddConductorGauges(registry, *parts.conductors[i], std::to_string(i));
  }
  registry.AddGauge("baton_pending_responses", "Admitted requests that are not answered yet.", {},
                    [&pending = parts.pending] { return static_cast<double>(pending.size()); });
  registry.AddGauge("baton_pending_responses_limit", "How many of them there may be.", {},
                    [&pending = parts.pending] { return static_cast<double>(pending.limit()); });
  registry.AddGauge(
      "baton_config_generation", "Changes made through the admin plane, from 1.", {},
      [&room = parts.control_room] { return static_cast<double>(room.generation()); });
  registry.AddGauge("baton_draining", "1 while the server is shutting down.", {},
                    [&draining = parts.is_draining] { return draining ? 1.0 : 0.0; });
  registry.AddGauge("baton_build_info", "1, with the version that runs.",
                    {{"version", BATON_VERSION}}, [] { return 1.0; });
}

void AddBacklogMetrics(metrics::Registry& registry, const std::string& listener, int fd) {
  const metrics::Labels labels = {{"listener", listener}};
  registry.AddGauge("baton_listen_backlog_depth", "Connections that wait to be accepted.", labels,
                    [fd] { return static_cast<double>(net::ReadBacklog(fd).depth); });
  registry.AddGauge("baton_listen_backlog_limit", "How many may wait (the kernel allows one more).",
                    labels, [fd] { return static_cast<double>(net::ReadBacklog(fd).limit); });
  registry.AddCounterFunction("baton_listen_drops_total",
                              "Connections that the full backlog turned away.", labels,
                              [fd] { return static_cast<double>(net::ReadBacklog(fd).drops); });
}

}  // namespace baton::app
