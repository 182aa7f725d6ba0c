// From flags to a load, and from its report to the terminal.
#include "client/cli/load_command.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "client/cli/exit_codes.h"
#include "client/lib/connection.h"
#include "client/lib/server_address.h"
#include "server/base/duration_text.h"

namespace baton::client {
namespace {

// Raises this process's own limit of descriptors as far as it may go itself.
Status MakeRoomFor(std::size_t connections) {
  constexpr rlim_t kOthers = 32;
  const rlim_t needed = connections + kOthers;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= needed) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("--connections: {} need {} file descriptors, the limit is {} (ulimit -n)",
                          connections, needed, limit.rlim_max));
}

struct FoundServer {
  std::string host;  // HOST:PORT
  SocketAddress address;
};

// The address of the server that takes connections, found by making one.
Result<FoundServer> FindServer(const LoadFlags& flags) {
  const Result<ServerAddress> server = ResolveForLoad(flags.request.server, flags.allow_remote);
  if (!server) return tl::unexpected(server.error());
  constexpr Duration kPatience = 5s;
  const Result<Connection> connection = Connection::Open(*server, kPatience);
  if (!connection) return tl::unexpected(connection.error());
  return FoundServer{server->text(), connection->peer()};
}

Result<std::vector<Duration>> PlanSchedule(const LoadFlags& flags) {
  if (flags.is_closed) return std::vector<Duration>();
  ScheduleOptions options;
  options.kind = flags.schedule;
  options.rate = flags.rate;
  options.span = flags.warmup + flags.duration;
  options.seed = flags.seed;
  if (const Status valid = options.Validate(); !valid) return tl::unexpected(valid.error());
  if (!flags.warmup_rate) return MakeSchedule(options);
  ScheduleOptions warmup = options;
  warmup.rate = *flags.warmup_rate;
  warmup.span = flags.warmup;
  options.span = flags.duration;
  if (const Status valid = warmup.Validate(); !valid) return tl::unexpected(valid.error());
  return MakeSchedule(warmup, options);
}

std::function<void(const LoadProgress&)> ProgressPrinter(const LoadFlags& flags) {
  const bool is_wanted = flags.progress == Progress::kAlways ||
                         (flags.progress == Progress::kOnTerminal && ::isatty(STDERR_FILENO) != 0);
  if (!is_wanted) return {};
  return [last = LoadProgress{}](const LoadProgress& now) mutable {
    const double seconds = std::max(ToSeconds(now.elapsed - last.elapsed), 1e-9);
    const auto rate = [&](std::uint64_t before, std::uint64_t after) {
      return static_cast<double>(after - before) / seconds;
    };
    fmt::print(
        stderr,
        "{:5.1f} s  sent {:.0f}/s, ended {:.0f}/s, good {:.0f}/s, in flight {}, waiting {}\n",
        ToSeconds(now.elapsed), rate(last.sent, now.sent), rate(last.ended, now.ended),
        rate(last.good, now.good), now.in_flight, now.waiting);
    last = now;
  };
}

LoadTitle TitleOf(const LoadFlags& flags, const Request& request, std::string server) {
  LoadTitle title;
  title.server = std::move(server);
  title.target = request.method + " " + request.path;
  title.schedule = flags.is_closed ? "closed" : ToText(flags.schedule);
  title.connections = flags.connections;
  title.pipeline = flags.pipeline;
  title.is_one_shot = flags.is_one_shot;
  if (!flags.is_closed) title.rate = flags.rate;
  title.budget = flags.request.budget;
  title.seed = flags.seed;
  return title;
}

}  // namespace

std::string DescribeError(const Error& error) {
  return error.field.empty() ? error.message : "--" + error.field + ": " + error.message;
}

Result<ServerAddress> ResolveForLoad(const std::string& server, bool allow_remote) {
  Result<ServerAddress> address = ServerAddress::Resolve(server);
  if (!address || address->IsLoopback() || allow_remote) return address;
  return Fail(ErrorCode::kInvalidArgument,
              address->text() +
                  " is not on this machine; load goes to another one only with --allow-remote",
              "server");
}

Result<LoadResult> OfferLoad(const LoadFlags& flags, StopOnSignal& stop) {
  Result<Request> request = BuildRequest(flags.request);
  if (!request) return tl::unexpected(request.error());
  LoadOptions options;
  options.request = *request;
  options.is_closed = flags.is_closed;
  options.connections = flags.connections;
  options.pipeline = flags.pipeline;
  options.is_one_shot = flags.is_one_shot;
  options.warmup = flags.warmup;
  options.duration = flags.duration;
  options.grace = flags.grace;
  options.budget = flags.request.budget;
  if (const Status valid = options.Validate(); !valid) return tl::unexpected(valid.error());
  Result<std::vector<Duration>> schedule = PlanSchedule(flags);
  if (!schedule) return tl::unexpected(schedule.error());
  if (const Status room = MakeRoomFor(flags.connections); !room) {
    return tl::unexpected(room.error());
  }
  const Result<FoundServer> server = FindServer(flags);
  if (!server) return tl::unexpected(server.error());
  options.host = server->host;
  options.server = server->address;

  LoadGenerator generator(std::move(options), std::move(*schedule));
  stop.Attach(&generator);
  Result<LoadReport> report = generator.Run(ProgressPrinter(flags));
  stop.Attach(nullptr);
  if (!report) return tl::unexpected(report.error());
  return LoadResult{TitleOf(flags, *request, server->host), std::move(*report)};
}

int RunLoad(const LoadFlags& flags) {
  StopOnSignal stop;
  const Result<LoadResult> result = OfferLoad(flags, stop);
  if (!result) {
    fmt::print(stderr, "baton-client: {}\n", DescribeError(result.error()));
    return result.error().code == ErrorCode::kUnavailable ? kExitUnreachable : kExitUsage;
  }
  if (flags.is_json) {
    fmt::print("{}\n", ToJson(result->title, result->report));
  } else {
    fmt::print("{}", ToTable(result->title, result->report));
  }
  return result->report.was_interrupted() ? kExitInterrupted : kExitOk;
}

}  // namespace baton::client
