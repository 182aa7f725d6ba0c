// `baton-client load`: offers load and reports what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "client/cli/request_flags.h"
#include "client/cli/stop_on_signal.h"
#include "client/lib/load_generator.h"
#include "client/lib/load_report.h"
#include "client/lib/load_report_text.h"
#include "client/lib/schedule.h"
#include "client/lib/server_address.h"
#include "server/base/result.h"

namespace baton::client {

// When a line a second goes to standard error.
enum class Progress { kNever, kOnTerminal, kAlways };

struct LoadFlags {
  RequestFlags request;
  ScheduleKind schedule = ScheduleKind::kPoisson;
  double rate = 100;
  std::optional<double> warmup_rate;  // during the warm-up; none: the same
  std::uint64_t seed = 1;
  bool is_closed = false;
  std::size_t connections = 64;
  std::size_t pipeline = 1;
  bool is_one_shot = false;
  Duration duration = 10s;
  Duration warmup = 1s;
  Duration grace = 2s;
  bool allow_remote = false;
  Progress progress = Progress::kOnTerminal;
  bool is_json = false;
};

struct LoadResult {
  LoadTitle title;
  LoadReport report;
};

// The server that load may go to. kInvalidArgument for text that is no address, and for a server
// that is not on this machine unless `allow_remote`; kUnavailable for a name that is not found.
Result<ServerAddress> ResolveForLoad(const std::string& server, bool allow_remote);

// Resolves, connects, runs the load to its end, or to the signal that `stop` waits for.
// kInvalidArgument for flags out of range, errors of ResolveForLoad, kUnavailable when the server
// cannot be reached.
Result<LoadResult> OfferLoad(const LoadFlags& flags, StopOnSignal& stop);

// "--rate: expected ...": the message with its flag, where it has one.
std::string DescribeError(const Error& error);

// OfferLoad with its report on standard output. Returns an ExitCode.
int RunLoad(const LoadFlags& flags);

}  // namespace baton::client
