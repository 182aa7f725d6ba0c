// From flags to a load, and from its report to the terminal.
#include "client/cli/load_command.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "client/cli/exit_codes.h"
#include "client/lib/connection.h"
#include "client/lib/server_address.h"
#include "server/base/duration_text.h"

namespace baton::client {
namespace {

std::atomic<LoadGenerator*> running_generator{nullptr};

void StopRunning(int) {
  if (LoadGenerator* generator = running_generator.load()) generator->Stop();
}

// While it lives, a first SIGINT or SIGTERM stops the generator; the next one has its default
// effect.
class StopOnSignal {
 public:
  explicit StopOnSignal(LoadGenerator& generator) {
    running_generator.store(&generator);
    struct sigaction action {};
    action.sa_handler = StopRunning;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, &old_interrupt_);
    ::sigaction(SIGTERM, &action, &old_terminate_);
  }
  ~StopOnSignal() {
    ::sigaction(SIGINT, &old_interrupt_, nullptr);
    ::sigaction(SIGTERM, &old_terminate_, nullptr);
    running_generator.store(nullptr);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
};

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
  const Result<ServerAddress> server = ServerAddress::Resolve(flags.request.server);
  if (!server) return tl::unexpected(server.error());
  if (!server->IsLoopback() && !flags.allow_remote) {
    return Fail(ErrorCode::kInvalidArgument,
                "--server: " + server->text() +
                    " is not on this machine; load goes to another one only with --allow-remote");
  }
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
  return MakeSchedule(options);
}

std::function<void(const LoadProgress&)> ProgressPrinter(const LoadFlags& flags) {
  if (!flags.force_progress && ::isatty(STDERR_FILENO) == 0) return {};
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
  if (!flags.is_closed) title.rate = flags.rate;
  title.budget = flags.request.budget;
  title.seed = flags.seed;
  return title;
}

std::string DescribeError(const Error& error) {
  return error.field.empty() ? error.message : "--" + error.field + ": " + error.message;
}

}  // namespace

Result<LoadResult> OfferLoad(const LoadFlags& flags) {
  Result<Request> request = BuildRequest(flags.request);
  if (!request) return tl::unexpected(request.error());
  LoadOptions options;
  options.request = *request;
  options.is_closed = flags.is_closed;
  options.connections = flags.connections;
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
  const StopOnSignal stop_on_signal(generator);
  Result<LoadReport> report = generator.Run(ProgressPrinter(flags));
  if (!report) return tl::unexpected(report.error());
  return LoadResult{TitleOf(flags, *request, server->host), std::move(*report)};
}

int RunLoad(const LoadFlags& flags) {
  const Result<LoadResult> result = OfferLoad(flags);
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
