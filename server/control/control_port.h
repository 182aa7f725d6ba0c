// What an operator may see and do, as one interface over plain structs; the gRPC admin service
// speaks to this and to nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::control {

// Counts every change that an operator has made since start. An update that names the generation it
// is based on fails with kAborted when it is no longer the current one.
using Generation = std::uint64_t;

struct PoolState {
  int size = 0;  // wanted workers
  int busy = 0;
  int idle = 0;
  int retiring = 0;  // told to go, finishing what they run
  Generation generation = 0;
};

struct PoolUpdate {
  std::optional<int> size;  // 1 to 1024
  std::optional<Generation> expected_generation;
  bool validate_only = false;
};

struct EndpointState {
  std::string name;
  std::string kind;                   // "model", "route" or "test"
  std::vector<std::string> versions;  // of a model
  Duration default_budget = Duration::zero();
  Duration max_budget = Duration::zero();
  double slo_target_ratio = 0.99;
  std::uint64_t requests_total = 0;
  std::uint64_t misses_total = 0;
  std::uint64_t in_flight = 0;
  Generation generation = 0;
};

struct EndpointUpdate {
  std::string name;
  std::optional<Duration> default_budget;  // 1 ms to the maximum
  std::optional<Duration> max_budget;      // 1 ms to 1 h
  std::optional<Generation> expected_generation;
  bool validate_only = false;
};

struct ListenerState {
  std::string name;     // "http", "grpc", "admin" or "pages"
  std::string address;  // "127.0.0.1:8080" with the port in use, or "off"
};

struct ServerState {
  std::string version;
  Duration uptime = Duration::zero();
  bool ready = false;
  bool draining = false;
  std::vector<ListenerState> listeners;
  PoolState pool;
  int conductors = 0;
  std::uint64_t connections = 0;
  std::uint64_t pending_responses = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t misses_total = 0;
  std::uint64_t late_answers_total = 0;
  Generation generation = 0;
};

template <typename State>
struct Changed {
  State before;
  State after;  // what would be in force, for validate_only
};

// Updates are checked whole before any of them is applied: all or nothing.
// Errors: kInvalidArgument (with `field`, what is allowed and what came), kNotFound, kAborted.
// Threads: any; no method waits for the data plane.
class ControlPort {
 public:
  virtual ~ControlPort() = default;

  virtual ServerState GetServer() const = 0;
  virtual PoolState GetPool() const = 0;
  virtual Result<Changed<PoolState>> UpdatePool(const PoolUpdate& update) = 0;
  virtual std::vector<EndpointState> ListEndpoints() const = 0;
  virtual Result<EndpointState> GetEndpoint(const std::string& name) const = 0;
  virtual Result<Changed<EndpointState>> UpdateEndpoint(const EndpointUpdate& update) = 0;

  // Answers one admin call for the books: method is "GetPool", code is gRPC's name of it, such as
  // "OK".
  virtual void CountRpc(const std::string& method, const std::string& code, Duration took) = 0;
};

}  // namespace baton::control
