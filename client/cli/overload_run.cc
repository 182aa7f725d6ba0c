// One load after the other, and the collecting of their figures.
#include "client/cli/overload_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "client/cli/json_text.h"
#include "client/lib/answer.h"
#include "client/lib/connection.h"
#include "client/lib/overload_plan.h"
#include "client/lib/overload_text.h"
#include "server/base/check.h"
#include "server/base/duration_text.h"

namespace baton::client {
namespace {

Duration FromSeconds(double seconds) {
  return Duration(static_cast<Duration::rep>(std::llround(seconds * 1e9)));
}

tl::unexpected<Error> OutOfRange(const std::string& flag, const std::string& message) {
  return Fail(ErrorCode::kInvalidArgument, message, flag);
}

// Whether the flags leave the request to us.
bool IsDefaultRequest(const RequestFlags& flags) {
  return flags.model.empty() && flags.path.empty();
}

// The request of `flags` as text that can be built again and again: standard input is read once.
Result<RequestFlags> FixRequest(RequestFlags flags) {
  if (IsDefaultRequest(flags)) {
    flags.path = "/test/spin";
    if (!flags.data && !flags.file) flags.data = R"({"ms": 5})";
  }
  const Result<Request> request = BuildRequest(flags);
  if (!request) return tl::unexpected(request.error());
  if (flags.file || flags.use_sample) flags.data = request->body;
  flags.file.reset();
  flags.use_sample = false;
  return flags;
}

Status CheckRate(double capacity, double factor) {
  if (capacity * factor <= ScheduleOptions::kMaxRate) return {};
  return OutOfRange("factors",
                    fmt::format("{} of a capacity of {:.0f}/s is more than {:.0f}/s",
                                FactorText(factor), capacity, ScheduleOptions::kMaxRate));
}

}  // namespace

Status OverloadFlags::Validate() const {
  const Result<std::vector<double>> parsed = ParseFactors(factors);
  if (!parsed) return tl::unexpected(parsed.error());
  if (!names.empty()) {
    if (const auto ok = ParseNames(names, beside.empty() ? 1 : 2); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  constexpr double kMostSeconds = 600;
  if (!(seconds >= 0.1 && seconds <= kMostSeconds)) {
    return OutOfRange("seconds", fmt::format("expected 0.1 to 600, got {:g}", seconds));
  }
  if (warmup > LoadOptions::kMaxDuration) return OutOfRange("warmup", "expected at most 10m");
  constexpr std::size_t kMostRepeats = 100;
  if (repeats < 1 || repeats > kMostRepeats) {
    return OutOfRange("repeat", fmt::format("expected 1 to 100, got {}", repeats));
  }
  if (!request.budget || *request.budget <= Duration::zero()) {
    return OutOfRange("budget", "expected more than 0s");
  }
  if (connections && (*connections < 1 || *connections > LoadOptions::kMaxConnections)) {
    return OutOfRange("connections", fmt::format("expected 1 to {}, got {}",
                                                 LoadOptions::kMaxConnections, *connections));
  }
  if (!capacity) return {};
  if (!(*capacity > 0 && std::isfinite(*capacity))) {
    return OutOfRange("capacity",
                      fmt::format("expected more than 0 requests/s, got {:g}", *capacity));
  }
  return CheckRate(*capacity, parsed->back());
}

OverloadRun::OverloadRun(const OverloadFlags& flags, StopOnSignal& stop)
    : flags_(flags), stop_(stop), factors_(ParseFactors(flags.factors).value()) {
  servers_.push_back(Server{{}, flags.request.server, {}, {}});
  if (!flags.beside.empty()) servers_.push_back(Server{{}, flags.beside, {}, {}});
  for (Server& server : servers_) server.runs.resize(factors_.size());
}

Status OverloadRun::CheckServers() {
  const bool is_default = IsDefaultRequest(flags_.request);
  Result<RequestFlags> fixed = FixRequest(flags_.request);
  if (!fixed) return tl::unexpected(fixed.error());
  flags_.request = std::move(*fixed);
  for (Server& server : servers_) {
    Status asked = AskOnce(server);
    if (asked) continue;
    if (is_default && asked.error().code == ErrorCode::kUnsupported) {
      asked.error().message +=
          "; start it with --test-endpoints, or say what to ask with --path or --model";
    }
    return asked;
  }
  if (flags_.names.empty()) return {};
  const std::vector<std::string> names = ParseNames(flags_.names, servers_.size()).value();
  for (std::size_t i = 0; i < servers_.size(); ++i) servers_[i].name = names[i];
  return {};
}

Status OverloadRun::AskOnce(Server& server) const {
  const Result<Request> request = BuildRequest(flags_.request);
  if (!request) return tl::unexpected(request.error());
  const Result<ServerAddress> address = ResolveForLoad(server.address, flags_.allow_remote);
  if (!address) return tl::unexpected(address.error());
  server.name = server.address = address->text();
  constexpr Duration kPatience = 5s;
  Result<Connection> connection = Connection::Open(*address, kPatience);
  if (!connection) return tl::unexpected(connection.error());
  const Result<Response> response = connection->Send(*request, *flags_.request.budget + kPatience);
  if (!response) return tl::unexpected(response.error());
  if (response->status < 400 || response->status >= 500) return {};
  const bool is_missing = response->status == 404;
  return Fail(is_missing ? ErrorCode::kUnsupported : ErrorCode::kFailedPrecondition,
              fmt::format("{} {} {} {} (status {})", address->text(),
                          is_missing ? "does not serve" : "does not take", request->method,
                          request->path, response->status));
}

LoadFlags OverloadRun::LoadFor(const Server& server, double factor, std::size_t repeat) const {
  LoadFlags load;
  load.request = flags_.request;
  load.request.server = server.address;
  load.rate = factor * capacity_;
  load.seed = flags_.seed + repeat;
  load.connections = connections_;
  load.duration = FromSeconds(flags_.seconds);
  load.warmup = flags_.warmup;
  load.allow_remote = flags_.allow_remote;
  load.progress = Progress::kNever;
  return load;
}

Status OverloadRun::FindCapacity() {
  if (flags_.capacity) {
    capacity_ = *flags_.capacity;
    capacity_source_ = "as given";
    return {};
  }
  CapacityRamp ramp;
  while (ramp.NextConnections() != 0 && !stop_.HasCome()) {
    LoadFlags load = LoadFor(servers_.front(), 0, 0);
    load.is_closed = true;
    load.connections = ramp.NextConnections();
    load.warmup = 300ms;
    load.duration = 1200ms;
    const Result<LoadResult> result = OfferLoad(load, stop_);
    if (!result) return tl::unexpected(result.error());
    if (target_.empty()) target_ = result->title.target;
    const double good = result->report.PerSecond(result->report.good());
    Say(fmt::format("capacity: {} connections, closed loop: good {:.1f}/s", load.connections,
                    good));
    ramp.Add(good);
  }
  capacity_ = ramp.best_rate();
  capacity_source_ =
      fmt::format("the most of a closed loop over 1 to {} connections on {}, at {}",
                  ramp.last_connections(), servers_.front().name, ramp.best_connections());
  if (capacity_ > 0 || stop_.HasCome()) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "no capacity to measure: " + servers_.front().address +
                  " gave not one prediction inside the budget of " +
                  FormatDuration(*flags_.request.budget));
}

Status OverloadRun::PlanConnections() {
  if (const Status valid = CheckRate(capacity_, factors_.back()); !valid) return valid;
  connections_ = flags_.connections.value_or(
      ConnectionsFor(capacity_ * factors_.back(), *flags_.request.budget));
  return {};
}

Status OverloadRun::RunStep(Server& server, std::size_t step, std::size_t repeat) {
  const LoadFlags load = LoadFor(server, factors_[step], repeat);
  const Result<LoadResult> result = OfferLoad(load, stop_);
  if (!result) return tl::unexpected(result.error());
  target_ = result->title.target;
  const LoadReport& report = result->report;
  if (report.requests() > 0) server.runs[step].push_back(StepOf(factors_[step], report));
  Say(fmt::format(
      "{} at {}: offered {:.1f}/s, good {:.1f}/s{}", server.name, FactorText(factors_[step]),
      report.PerSecond(report.requests()), report.PerSecond(report.good()),
      report.generator().WasLimit(report.requests()) ? "; warning: the generator was a limit"
                                                     : ""));
  return {};
}

Status OverloadRun::RunRecovery(Server& server, std::size_t repeat) {
  // One load in two parts, so that nothing but the rate changes in between: what is outstanding of
  // the first part is still there when the second begins.
  LoadFlags load = LoadFor(server, OverloadCurve::kRecoveryFactor, repeat);
  load.warmup = load.duration;
  load.warmup_rate = factors_.back() * capacity_;
  const Result<LoadResult> result = OfferLoad(load, stop_);
  if (!result) return tl::unexpected(result.error());
  if (result->report.was_interrupted()) return {};
  const std::optional<Duration> time = BackToNormal(result->report.windows());
  server.recoveries.push_back(time);
  Say(fmt::format("{} from {} to {}: {}", server.name, FactorText(factors_.back()),
                  FactorText(OverloadCurve::kRecoveryFactor),
                  time ? "back to normal after " + FormatDuration(*time) : "not back to normal"));
  return {};
}

Result<OverloadResult> OverloadRun::Run() {
  if (const Status found = FindCapacity(); !found) return tl::unexpected(found.error());
  if (stop_.HasCome()) return Collect();
  if (const Status planned = PlanConnections(); !planned) return tl::unexpected(planned.error());
  for (std::size_t repeat = 0; repeat < flags_.repeats; ++repeat) {
    for (std::size_t step = 0; step < factors_.size(); ++step) {
      for (Server& server : servers_) {
        if (stop_.HasCome()) return Collect();
        if (const Status ran = RunStep(server, step, repeat); !ran) {
          return tl::unexpected(ran.error());
        }
      }
    }
    for (Server& server : servers_) {
      if (factors_.back() <= 1 || stop_.HasCome()) continue;
      if (const Status ran = RunRecovery(server, repeat); !ran) return tl::unexpected(ran.error());
    }
  }
  return Collect();
}

OverloadResult OverloadRun::Collect() const {
  OverloadResult result;
  result.target = target_;
  result.budget = *flags_.request.budget;
  result.step_time = FromSeconds(flags_.seconds);
  result.repeats = flags_.repeats;
  result.connections = connections_;
  result.capacity = capacity_;
  result.capacity_source = capacity_source_;
  result.was_interrupted = stop_.HasCome();
  for (const Server& server : servers_) {
    OverloadCurve curve;
    curve.name = server.name;
    curve.server = server.address;
    for (const std::vector<OverloadStep>& runs : server.runs) {
      if (!runs.empty()) curve.steps.push_back(MedianStep(runs));
    }
    curve.recoveries = server.recoveries;
    result.curves.push_back(std::move(curve));
  }
  return result;
}

void OverloadRun::Say(const std::string& line) const {
  if (!flags_.force_progress && ::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "{}\n", PrintableText(line));
}

}  // namespace baton::client
