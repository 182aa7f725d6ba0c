// Listeners and their connections, as an operator sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"

namespace baton::control {

// What one listener does. Figures are there unless it is off.
struct ListenerFigures {
  std::string name;     // "http", "grpc", "admin" or "pages"
  std::string address;  // "127.0.0.1:8080", or "off"
  bool is_secured = false;
  std::optional<std::uint64_t> connections;
  std::optional<std::uint64_t> accepted_total;
  std::optional<std::uint32_t> backlog_depth;  // connections that wait to be accepted
  std::optional<std::uint32_t> backlog_limit;
  std::optional<std::uint64_t> backlog_drops_total;
};

// Which connection (connection_key.h): numbers of a conductor are never used again.
struct ConnectionKey {
  int conductor = 0;
  std::uint64_t number = 0;

  auto operator<=>(const ConnectionKey&) const = default;  // NOLINT(modernize-use-nullptr): is none
};

struct ConnectionState {
  ConnectionKey key;
  std::string peer;  // "127.0.0.1:51344"
  Duration age = Duration::zero();
  std::string state;  // "idle", "reading", "pending" or "writing"
  std::uint64_t requests_total = 0;
  std::uint64_t in_flight = 0;  // of those, without an answer
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::string tls_version;  // "TLSv1.3"; empty: plain, or still shaking hands
  bool is_leaving = false;  // it ends with its next answer
};

struct ConnectionQuery {
  std::optional<ConnectionKey> after;  // from behind it on
  std::size_t limit = 100;             // 1 to 1001
};

struct ConnectionList {
  std::vector<ConnectionState> connections;  // by key
  std::vector<int> silent_conductors;        // that did not answer in time: theirs are missing
};

struct ConnectionClose {
  ConnectionKey key;
  bool is_forced = false;  // at once, whatever is in flight
};

}  // namespace baton::control
