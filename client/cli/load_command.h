// `baton-client load`: offers load and reports what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "client/cli/request_flags.h"
#include "client/lib/load_generator.h"
#include "client/lib/load_report.h"
#include "client/lib/load_report_text.h"
#include "client/lib/schedule.h"
#include "server/base/result.h"

namespace baton::client {

struct LoadFlags {
  RequestFlags request;
  ScheduleKind schedule = ScheduleKind::kPoisson;
  double rate = 100;
  std::uint64_t seed = 1;
  bool is_closed = false;
  std::size_t connections = 64;
  Duration duration = 10s;
  Duration warmup = 1s;
  Duration grace = 2s;
  bool allow_remote = false;
  bool force_progress = false;  // otherwise only when standard error is a terminal
  bool is_json = false;
};

struct LoadResult {
  LoadTitle title;
  LoadReport report;
};

// Resolves, connects, runs the load to its end; SIGINT and SIGTERM end the offering early while it
// runs, a second one ends the program. kInvalidArgument for flags out of range and for a server
// that is not on this machine without `allow_remote`, kUnavailable when the server cannot be
// reached.
Result<LoadResult> OfferLoad(const LoadFlags& flags);

// OfferLoad with its report on standard output. Returns an ExitCode.
int RunLoad(const LoadFlags& flags);

}  // namespace baton::client
