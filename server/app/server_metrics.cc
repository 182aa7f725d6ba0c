// Names, labels and sources of the server's gauges.
#include "server/app/server_metrics.h"

#include "server/base/log.h"
#include "server/net/socket.h"

namespace baton::app {
namespace {

// The response cache of a model, as long as it has one.
void AddCacheGauges(metrics::Registry& registry, const serve::Endpoint& endpoint,
                    const ServingState& serving) {
  const auto figures = [&endpoint, &serving] {
    const std::shared_ptr<const api::Catalogue> catalogue = serving.Now().catalogue;
    const api::CatalogueModel* const model = catalogue->Find(endpoint.name);
    const bool has_cache = model != nullptr && model->cache;
    return has_cache ? model->cache->figures() : serve::ResponseCache::Figures();
  };
  registry.AddGauge("baton_cache_entries", "Answers in the response cache.",
                    {{"endpoint", endpoint.name}},
                    [figures] { return static_cast<double>(figures().entries); });
  registry.AddGauge(
      "baton_cache_bytes", "What the answers in the response cache take, keys included.",
      {{"endpoint", endpoint.name}}, [figures] { return static_cast<double>(figures().bytes); });
}

// What admission believes of an endpoint.
void AddEstimateGauges(metrics::Registry& registry, const serve::Endpoint& endpoint,
                       const ServingState& serving, serve::Scheduler& scheduler) {
  using Estimate = serve::Scheduler::Estimate;
  const auto estimate = [&scheduler, &serving, index = endpoint.index] {
    return scheduler.EstimateOf(index, serving.PolicyOf(index).default_budget);
  };
  registry.AddGauge("baton_queue_wait_estimate_seconds",
                    "How long admission believes that a request with the default budget would wait "
                    "if it came now; compare with stage queue.",
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
                    [&endpoint] { return static_cast<double>(endpoint.last_good.bytes()); });
}

void AddConductorGauges(metrics::Registry& registry, const Conductor& conductor,
                        const std::string& number) {
  registry.AddGauge("baton_conductor_overload_level",
                    "How far the conductor withdraws: 0 not at all, 1 short refusals, 2 no reading "
                    "while an answer is pending, 3 no new connections.",
                    {{"conductor", number}},
                    [&conductor] { return static_cast<double>(conductor.overload_level()); });
  for (std::size_t i = 0; i < kOverloadLevels; ++i) {
    registry.AddCounterFunction(
        "baton_conductor_overload_changes_total",
        "Changes of the overload level, by where they led.",
        {{"conductor", number}, {"level", std::string(ToText(static_cast<OverloadLevel>(i)))}},
        [&conductor, i] {
          return static_cast<double>(conductor.overload_changes(static_cast<OverloadLevel>(i)));
        });
  }
}

void AddPoolGauges(metrics::Registry& registry, const serve::Scheduler& scheduler,
                   const serve::Scheduler& reserve) {
  const std::string help = "Workers, by what they do.";
  registry.AddGauge("baton_pool_workers", help, {{"state", "busy"}},
                    [&scheduler] { return static_cast<double>(scheduler.figures().busy_workers); });
  registry.AddGauge("baton_pool_workers", help, {{"state", "idle"}}, [&scheduler] {
    const serve::Scheduler::Figures figures = scheduler.figures();
    return static_cast<double>(figures.alive_workers - figures.busy_workers);
  });
  registry.AddGauge(
      "baton_pool_zombies",
      "Workers whose run nobody waits for and that goes on far beyond its time: a second, and ten "
      "times its 99 %.",
      {}, [&scheduler, &reserve] {
        return static_cast<double>(scheduler.figures().zombies + reserve.figures().zombies);
      });
}

void AddLogMetrics(metrics::Registry& registry) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    registry.AddCounterFunction("baton_log_messages_total",
                                "Log lines by level, lost ones among them.",
                                {{"level", std::string(ToText(level))}},
                                [level] { return static_cast<double>(LogLinesWritten(level)); });
  }
  registry.AddCounterFunction("baton_log_messages_dropped_total",
                              "Log lines that were lost: overrun, or refused by where they go.", {},
                              [] { return static_cast<double>(LogLinesDropped()); });
}

// A number for a sum: what fits into a double without loss.
double AsNumber(const std::string& hash) {
  constexpr std::size_t kDigits = 12;  // 48 bits
  return static_cast<double>(std::stoull(hash.substr(0, kDigits), nullptr, 16));
}

void AddConfigurationMetrics(metrics::Registry& registry, const LiveConfiguration& configuration) {
  using Outcome = LiveConfiguration::Outcome;
  for (const Outcome outcome : {Outcome::kApplied, Outcome::kUnchanged, Outcome::kRefused}) {
    registry.AddCounterFunction(
        "baton_config_reloads_total",
        "How often the configuration was read again, and what came of it.",
        {{"outcome", std::string(ToText(outcome))}}, [&configuration, outcome] {
          return static_cast<double>(
              configuration.figures().reloads[static_cast<std::size_t>(outcome)]);
        });
  }
  registry.AddGauge(
      "baton_config_last_reload_successful", "0 when the last reload was refused, else 1.", {},
      [&configuration] { return configuration.figures().was_last_successful ? 1.0 : 0.0; });
  registry.AddGauge(
      "baton_config_last_reload_success_timestamp_seconds",
      "When the configuration was last read and found right, at the start or by a reload.", {},
      [&configuration] {
        return static_cast<double>(configuration.figures().loaded_unix_ms) / 1000;
      });
  registry.AddGauge("baton_config_hash",
                    "The first 48 bits of the SHA-256 sum of the configuration in force, as a "
                    "number: the same on servers that are configured alike.",
                    {}, [&configuration] { return AsNumber(configuration.state().hash); });
}

void AddEndpointGauges(metrics::Registry& registry, const serve::Endpoint& endpoint,
                       const ServingState& serving, serve::Scheduler& scheduler) {
  const metrics::Labels labels = {{"endpoint", endpoint.name}};
  registry.AddGauge("baton_requests_in_flight", "Admitted and not yet answered.", labels,
                    [&registry, &endpoint] {
                      // Answered first: a request that ends in between is not counted twice.
                      double answered = 0;
                      for (const metrics::Counter& counter : endpoint.metrics.requests) {
                        answered += registry.Value(counter);
                      }
                      return registry.Value(endpoint.metrics.received) - answered;
                    });
  if (endpoint.kind == serve::Endpoint::Kind::kUnknown) return;
  registry.AddGauge("baton_queue_depth", "Tickets that wait for a worker.", labels,
                    [&endpoint] { return static_cast<double>(endpoint.waiting.load()); });
  registry.AddGauge("baton_queue_limit", "The hard cap on waiting tickets.", labels,
                    [&scheduler] { return static_cast<double>(scheduler.waiting_limit()); });
  AddEstimateGauges(registry, endpoint, serving, scheduler);
  AddCacheGauges(registry, endpoint, serving);
  registry.AddGauge("baton_deadline_seconds", "The budget of a request that names none.", labels,
                    [&serving, index = endpoint.index] {
                      return ToSeconds(serving.PolicyOf(index).default_budget);
                    });
  registry.AddGauge(
      "baton_slo_target_ratio",
      "Share of predictions inside the budget that the endpoint promises.", labels,
      [&serving, index = endpoint.index] { return serving.PolicyOf(index).slo_target; });
}

metrics::Counter AddMalformedBudgets(metrics::Registry& registry, const char* source) {
  return registry.AddCounter("baton_malformed_budgets_total",
                             "Budgets that a client sent and that could not be read, by the header "
                             "or parameter they came in.",
                             {{"source", source}});
}

}  // namespace

net::LoopMetrics MakeLoopMetrics(metrics::Registry& registry, const std::string& conductor) {
  const metrics::Labels labels = {{"conductor", conductor}};
  net::LoopMetrics made;
  made.shard = registry.TakeShard();
  made.turn_duration = registry.AddHistogram(
      "baton_conductor_loop_duration_seconds",
      "The working part of one turn of the event loop. The conductor is a number, or grpc.",
      metrics::kStageBuckets, labels);
  made.busy_seconds =
      registry.AddCounter("baton_conductor_busy_seconds_total",
                          "Time that the conductor spent working, not waiting.", labels);
  made.timer_lag = registry.AddHistogram("baton_conductor_timer_lag_seconds",
                                         "How late timers fired: the server's own error bound.",
                                         metrics::kStageBuckets, labels);
  return made;
}

MalformedBudgetCounters MakeMalformedBudgetCounters(metrics::Registry& registry) {
  return {AddMalformedBudgets(registry, "grpc_timeout"),
          AddMalformedBudgets(registry, "envoy_timeout")};
}

void AddServerGauges(metrics::Registry& registry, const ObservedParts& parts) {
  parts.endpoints.Tell([&registry, &serving = parts.serving,
                        &scheduler = parts.scheduler](const serve::Endpoint& endpoint) {
    AddEndpointGauges(registry, endpoint, serving, scheduler);
  });
  AddPoolGauges(registry, parts.scheduler, parts.reserve);
  AddLogMetrics(registry);
  for (std::size_t i = 0; i < parts.conductors.size(); ++i) {
    AddConductorGauges(registry, *parts.conductors[i], std::to_string(i));
  }
  registry.AddGauge(
      "baton_pending_responses",
      "Entries in the map of pending responses: requests that are admitted and not answered.", {},
      [&pending = parts.pending] { return static_cast<double>(pending.size()); });
  registry.AddGauge("baton_pending_responses_limit",
                    "How many entries the map of pending responses may hold.", {},
                    [&pending = parts.pending] { return static_cast<double>(pending.limit()); });
  registry.AddGauge(
      "baton_config_generation",
      "Grows by one with every change that an operator makes, and with every reload that changes "
      "anything.",
      {}, [&room = parts.control_room] { return static_cast<double>(room.generation()); });
  AddConfigurationMetrics(registry, parts.configuration);
  registry.AddGauge("baton_draining", "1 from the start of a drain.", {},
                    [&draining = parts.is_draining] { return draining ? 1.0 : 0.0; });
  registry.AddGauge("baton_drained", "1 while an operator has taken the server out of service.", {},
                    [&readiness = parts.readiness] { return readiness.is_drained() ? 1.0 : 0.0; });
  registry.AddGauge("baton_build_info", "Always 1; says which version runs.",
                    {{"version", BATON_VERSION}}, [] { return 1.0; });
}

void AddBacklogMetrics(metrics::Registry& registry, const std::string& listener, int fd) {
  const metrics::Labels labels = {{"listener", listener}};
  registry.AddGauge("baton_listen_backlog_depth",
                    "Connections that the kernel holds ready to be accepted.", labels,
                    [fd] { return static_cast<double>(net::ReadBacklog(fd).depth); });
  registry.AddGauge(
      "baton_listen_backlog_limit",
      "How many connections the kernel may hold ready to be accepted; it lets one more in.", labels,
      [fd] { return static_cast<double>(net::ReadBacklog(fd).limit); });
  registry.AddCounterFunction("baton_listen_drops_total",
                              "Attempts to connect that the kernel dropped because the backlog was "
                              "full; a client tries several times.",
                              labels,
                              [fd] { return static_cast<double>(net::ReadBacklog(fd).drops); });
}

}  // namespace baton::app
