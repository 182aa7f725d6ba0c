// The runs behind `baton-client demo overload`: capacity, steps on each server in turn, recovery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/load_command.h"
#include "client/cli/request_flags.h"
#include "client/cli/stop_on_signal.h"
#include "client/lib/overload_result.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::client {

struct OverloadFlags {
  RequestFlags request;  // without model and path: POST /test/spin, 5 ms
  std::string beside;    // a second server, empty: none
  std::string names;     // of both, separated by a comma; empty: their addresses
  std::string factors = "0.5,1,1.5,2,3,5,10";
  double seconds = 5;  // of each step
  Duration warmup = 1s;
  std::size_t repeats = 1;
  std::optional<double> capacity;          // requests per second; none: measured
  std::optional<std::size_t> connections;  // none: enough for the highest step
  std::uint64_t seed = 1;
  bool allow_remote = false;
  bool force_progress = false;  // otherwise only when standard error is a terminal
  std::string svg_file;         // empty: none
  std::string json_file;        // empty: none
  bool is_json = false;

  // kInvalidArgument, with the flag as its field, for what is out of range.
  Status Validate() const;
};

// Threads: one, which Run keeps.
class OverloadRun {
 public:
  // `stop` outlives the run. Requires: flags.Validate().
  OverloadRun(const OverloadFlags& flags, StopOnSignal& stop);

  // Resolves the servers and asks each of them once. Errors of OfferLoad; kUnsupported for a 404,
  // kFailedPrecondition for another answer that says that the request is at fault.
  Status CheckServers();

  // Everything after that. An interrupt ends it early with what is there. kFailedPrecondition when
  // not one good answer comes, kUnavailable when a server is lost.
  // Requires: CheckServers() went well. Once.
  Result<OverloadResult> Run();

 private:
  struct Server {
    std::string name;
    std::string address;
    std::vector<std::vector<OverloadStep>> runs;  // by step, then by repeat
    std::vector<std::optional<Duration>> recoveries;
  };

  Status AskOnce(Server& server) const;
  Status FindCapacity();
  Status PlanConnections();
  Status RunStep(Server& server, std::size_t step, std::size_t repeat);
  Status RunRecovery(Server& server, std::size_t repeat);
  LoadFlags LoadFor(const Server& server, double factor, std::size_t repeat) const;
  void Say(const std::string& line) const;
  OverloadResult Collect() const;

  OverloadFlags flags_;
  StopOnSignal& stop_;
  std::vector<double> factors_;
  std::vector<Server> servers_;
  double capacity_ = 0;
  std::string capacity_source_;
  std::size_t connections_ = 0;
  std::string target_;
};

}  // namespace baton::client
