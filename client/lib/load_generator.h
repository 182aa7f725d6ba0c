// Offers load: open loop by a schedule made before, or closed loop for capacity.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "client/lib/load_report.h"
#include "client/lib/request.h"
#include "client/lib/server_address.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

struct LoadOptions {
  SocketAddress server;
  std::string host;              // the Host header
  Request request;               // sent again and again; its Baton-Budget-Ms is the caller's to set
  bool is_closed = false;        // each connection sends its next request when it has an answer
  std::size_t connections = 64;  // 1 to kMaxConnections
  std::size_t pipeline = 1;      // requests under way on each; 1 to kMaxPipeline
  bool is_one_shot = false;      // a new connection for each request
  Duration warmup = Duration::zero();  // at the start, offered and not counted; not negative
  Duration duration = 10s;             // counted; above 0, at most kMaxDuration
  Duration grace = 2s;                 // how long outstanding answers are waited for at the end
  Duration connect_timeout = 5s;       // for the connections made before the start
  std::optional<Duration> budget;      // what lateness is held against; none: as granted

  // Pipelines and one-shot connections need a closed loop, and exclude each other.
  Status Validate() const;

  static constexpr std::size_t kMaxConnections = 50'000;
  static constexpr std::size_t kMaxPipeline = 256;
  static constexpr std::size_t kMaxPipelineBytes = 64 << 20;  // of their bodies
  static constexpr Duration kMaxDuration = 10min;
};

// The state of a running load, for a progress line. The counts are since the start, warm-up
// included.
struct LoadProgress {
  Duration elapsed = Duration::zero();
  std::uint64_t sent = 0;
  std::uint64_t ended = 0;  // answered or failed
  std::uint64_t good = 0;   // as LoadReport::good
  std::size_t in_flight = 0;
  std::size_t waiting = 0;  // due, and every connection busy
};

// Open loop: every entry of the schedule becomes a request at its instant, or as soon after it as a
// connection is free; none is left out, and its latency counts from that instant.
//
// Threads: Stop() from any thread and from signal handlers; Run() on one, which it keeps.
class LoadGenerator {
 public:
  // `schedule`: offsets over warmup + duration, ascending; ignored for a closed loop.
  // Requires: options.Validate().
  LoadGenerator(LoadOptions options, std::vector<Duration> schedule);

  // Connects, offers the load, waits for the outstanding answers. `each_second` is called about
  // once a second and may be empty. kUnavailable when not one connection can be made.
  Result<LoadReport> Run(const std::function<void(const LoadProgress&)>& each_second);

  // Ends the offering early: Run still waits for what is outstanding, up to the grace.
  void Stop() { is_stopping_.store(true); }

 private:
  const LoadOptions options_;
  const std::vector<Duration> schedule_;
  std::atomic<bool> is_stopping_{false};
};

}  // namespace baton::client
