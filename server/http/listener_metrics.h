// What a listener counts: connections by state and end, bytes, and requests that were none.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request_parser.h"
#include "server/http/spare_responses.h"
#include "server/metrics/registry.h"

namespace baton::http {

// Also the `state` label of baton_connections.
enum class ConnectionState { kIdle, kReading, kPending, kWriting };
inline constexpr std::size_t kConnectionStates = 4;
std::string_view ToText(ConnectionState state);

// Also the `reason` label of baton_connections_closed_total.
enum class CloseReason {
  kClient,
  kIdleTimeout,
  kHeaderTimeout,
  kBodyTimeout,
  kBodyTooSlow,
  kBudgetSpent,
  kWriteTimeout,
  kProtocolError,
  kLimit,
  kAddressLimit,
  kDrain,
  kError,
  kOperator,
};
inline constexpr std::size_t kCloseReasons = 13;

// Why nothing more is read of a connection for now; also the `reason` label of
// baton_http_reading_paused_total.
enum class PauseReason { kPipelined, kUnsent };
inline constexpr std::size_t kPauseReasons = 2;

// The children of one listener; made once, read by every ListenerShard.
struct ListenerMetrics {
  metrics::Counter accepted;
  std::array<metrics::Counter, kCloseReasons> closed;
  std::array<metrics::Counter, kPauseReasons> reading_paused;
  metrics::Counter received_bytes;
  metrics::Counter sent_bytes;
  std::map<std::string_view, metrics::Counter>
      parse_errors;  // by Refusal::reason; shared by all listeners

  // Requires: once a registry and listener. `parse_errors` are made by MakeParseErrorCounters.
  static ListenerMetrics Make(metrics::Registry& registry, const std::string& listener,
                              const std::map<std::string_view, metrics::Counter>& parse_errors);
};
std::map<std::string_view, metrics::Counter> MakeParseErrorCounters(metrics::Registry& registry);

// One loop's books for one listener, and what its sessions share. Threads: recorded by the loop's;
// `states` and `held_bytes` read by scrapes.
struct ListenerShard {
  const ListenerMetrics* children = nullptr;
  metrics::Shard* shard = nullptr;
  std::array<std::atomic<std::int64_t>, kConnectionStates> states{};
  std::atomic<std::size_t> held_bytes{0};  // unfinished requests and unsent answers
  // False: nothing is read of a connection while an answer is pending on it. Takes effect with the
  // next bytes of each.
  bool takes_pipelined = true;
  ParserPool parsers;  // its sessions have the same limits
  SpareResponses responses;

  // Accepted, and closed at once.
  void CountTurnedAway(CloseReason reason = CloseReason::kLimit) {
    shard->Add(children->accepted);
    CountClosed(reason);
  }
  void CountClosed(CloseReason reason) {
    shard->Add(children->closed[static_cast<std::size_t>(reason)]);
  }
  void CountPause(PauseReason reason) {
    shard->Add(children->reading_paused[static_cast<std::size_t>(reason)]);
  }
  void CountParseError(std::string_view reason);
  void Move(ConnectionState from, ConnectionState to);
  // A session that held `before` bytes holds `now`.
  void Hold(std::size_t before, std::size_t now);
};

// Exports baton_connections for `listener` as the sum over `shards`, which outlive the registry's
// scrapes.
void AddConnectionGauges(metrics::Registry& registry, const std::string& listener,
                         const std::vector<const ListenerShard*>& shards);
// The same of baton_http_held_bytes, and its limit where each of them may hold `limit`.
void AddHeldGauges(metrics::Registry& registry, const std::string& listener,
                   const std::vector<const ListenerShard*>& shards, std::size_t limit);

}  // namespace baton::http
