// Names and labels of what a listener counts.
#include "server/http/listener_metrics.h"

#include <utility>

#include "server/http/request_parser.h"
#include "server/net/listener_families.h"

namespace baton::http {
namespace {

constexpr std::array<std::string_view, kConnectionStates> kStateNames = {"idle", "reading",
                                                                         "pending", "writing"};
constexpr std::array<std::string_view, kCloseReasons> kReasonNames = net::kAllCloseReasons;
constexpr std::array<std::string_view, kPauseReasons> kPauseNames = {"pipelined", "unsent"};

}  // namespace

std::string_view ToText(ConnectionState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

ListenerMetrics ListenerMetrics::Make(
    metrics::Registry& registry, const std::string& listener,
    const std::map<std::string_view, metrics::Counter>& parse_errors) {
  ListenerMetrics made;
  made.parse_errors = parse_errors;
  made.accepted = registry.AddCounter(net::kConnectionsAccepted.name,
                                      net::kConnectionsAccepted.help, {{"listener", listener}});
  for (std::size_t i = 0; i < kCloseReasons; ++i) {
    made.closed[i] =
        registry.AddCounter(net::kConnectionsClosed.name, net::kConnectionsClosed.help,
                            {{"listener", listener}, {"reason", std::string(kReasonNames[i])}});
  }
  for (std::size_t i = 0; i < kPauseReasons; ++i) {
    made.reading_paused[i] = registry.AddCounter(
        "baton_http_reading_paused_total",
        "How often nothing more was read of a connection for a while, by the limit that it was at: "
        "pipelined_requests (1 while its conductor is overloaded, and behind a static file until "
        "that has left) or unsent_bytes.",
        {{"listener", listener}, {"reason", std::string(kPauseNames[i])}});
  }
  made.received_bytes = registry.AddCounter(
      "baton_http_received_bytes_total", "Bytes read from connections.", {{"listener", listener}});
  made.sent_bytes =
      registry.AddCounter("baton_http_sent_bytes_total", "Bytes of answers handed to the kernel.",
                          {{"listener", listener}});
  return made;
}

std::map<std::string_view, metrics::Counter> MakeParseErrorCounters(metrics::Registry& registry) {
  std::map<std::string_view, metrics::Counter> counters;
  for (const std::string_view reason : AllRefusalReasons()) {
    counters[reason] = registry.AddCounter("baton_http_parse_errors_total",
                                           "Requests that could not be read, by what was wrong.",
                                           {{"reason", std::string(reason)}});
  }
  return counters;
}

void ListenerShard::CountParseError(std::string_view reason) {
  const auto found = children->parse_errors.find(reason);
  if (found != children->parse_errors.end()) shard->Add(found->second);
}

void ListenerShard::Move(ConnectionState from, ConnectionState to) {
  // Nobody else writes: no locked instruction is needed.
  const auto add = [this](ConnectionState state, std::int64_t count) {
    std::atomic<std::int64_t>& cell = states[static_cast<std::size_t>(state)];
    cell.store(cell.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  };
  add(from, -1);
  add(to, 1);
}

void ListenerShard::Hold(std::size_t before, std::size_t now) {
  // As above.
  held_bytes.store(held_bytes.load(std::memory_order_relaxed) - before + now,
                   std::memory_order_relaxed);
}

void AddConnectionGauges(metrics::Registry& registry, const std::string& listener,
                         const std::vector<const ListenerShard*>& shards) {
  for (std::size_t state = 0; state < kConnectionStates; ++state) {
    registry.AddGauge(net::kConnections.name, net::kConnections.help,
                      {{"listener", listener}, {"state", std::string(kStateNames[state])}},
                      [shards, state] {
                        std::int64_t sum = 0;
                        for (const ListenerShard* shard : shards)
                          sum += shard->states[state].load();
                        return static_cast<double>(sum);
                      });
  }
  net::AddOtherStates(registry, listener, kStateNames);
}

void AddHeldGauges(metrics::Registry& registry, const std::string& listener,
                   const std::vector<const ListenerShard*>& shards, std::size_t limit) {
  registry.AddGauge("baton_http_held_bytes", "Bytes of unfinished requests and unsent answers.",
                    {{"listener", listener}}, [shards] {
                      double sum = 0;
                      for (const ListenerShard* shard : shards)
                        sum += static_cast<double>(shard->held_bytes.load());
                      return sum;
                    });
  registry.AddGauge(
      "baton_http_held_bytes_limit",
      "How many bytes of unfinished requests and unsent answers there may be, on all conductors "
      "together; one of them is full when it holds its part.",
      {{"listener", listener}},
      [all = static_cast<double>(shards.size()) * static_cast<double>(limit)] { return all; });
}

}  // namespace baton::http
