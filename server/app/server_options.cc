// What makes sense of the options, and what does not.
#include "server/app/server_options.h"

#include "server/api/gateway.h"
#include "server/app/cores.h"
#include "server/serve/worker_pool.h"

namespace baton::app {
namespace {

Status CheckRange(const char* flag, long value, long smallest, long largest) {
  if (value >= smallest && value <= largest) return {};
  return Fail(ErrorCode::kInvalidArgument,
              std::string(flag) + " is " + std::to_string(value) + ", expected " +
                  std::to_string(smallest) + " to " + std::to_string(largest),
              flag);
}

Status CheckDuration(const char* flag, Duration value, Duration largest, const char* largest_is) {
  if (value >= 1ms && value <= largest) return {};
  return Fail(ErrorCode::kInvalidArgument,
              std::string(flag) + " is " + FormatDuration(value) + ", expected 1ms to " +
                  FormatDuration(largest) + largest_is,
              flag);
}

}  // namespace

Status ServerOptions::Validate() const {
  if (http.off) {
    return Fail(ErrorCode::kInvalidArgument, "--http is off, expected ADDR:PORT", "--http");
  }
  for (const Status& checked :
       {CheckRange("--workers", workers, 0, serve::WorkerPool::kLargest),
        CheckRange("--conductors", conductors, 0, kMostConductors),
        CheckRange("--backlog", backlog, 1, 65535),
        CheckRange("--max-connections", max_connections, 0, 1'000'000),
        CheckDuration("--max-budget", max_budget, 1h, ""),
        CheckDuration("--default-budget", default_budget, max_budget, " (--max-budget)"),
        http::CheckStaticMounts(static_mounts, api::kRoutePrefixes)}) {
    if (!checked) return checked;
  }
  return CheckRanges(endpoints, BasePolicy());
}

http::Session::Options ServerOptions::Sessions() const {
  http::Session::Options sessions = limits.session;
  sessions.half_close = half_close;
  return sessions;
}

serve::EndpointPolicy ServerOptions::BasePolicy() const {
  serve::EndpointPolicy policy;
  policy.default_budget = default_budget;
  policy.max_budget = max_budget;
  return policy;
}

}  // namespace baton::app
