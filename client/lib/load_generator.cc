// Checking of load options, and the run behind the generator.
#include "client/lib/load_generator.h"

#include <string>
#include <utility>

#include "client/lib/load_run.h"
#include "server/base/check.h"

namespace baton::client {
namespace {

Status CheckPipeline(const LoadOptions& options) {
  const std::size_t pipeline = options.pipeline;
  if (pipeline < 1 || pipeline > LoadOptions::kMaxPipeline) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected 1 to " + std::to_string(LoadOptions::kMaxPipeline) +
                    " requests under way, got " + std::to_string(pipeline),
                "pipeline");
  }
  if (pipeline > 1 && pipeline * options.request.body.size() > LoadOptions::kMaxPipelineBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected at most 64 MiB of bodies under way on a connection, got " +
                    std::to_string(pipeline) + " of " +
                    std::to_string(options.request.body.size()) + " bytes",
                "pipeline");
  }
  if (pipeline > 1 && (!options.is_closed || options.is_one_shot)) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected a closed loop (--closed) that keeps its connections", "pipeline");
  }
  if (options.is_one_shot && !options.is_closed) {
    return Fail(ErrorCode::kInvalidArgument, "expected a closed loop (--closed)",
                "new-connections");
  }
  return {};
}

}  // namespace

Status LoadOptions::Validate() const {
  if (Status valid = request.Validate(); !valid) return valid;
  if (connections < 1 || connections > kMaxConnections) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected 1 to " + std::to_string(kMaxConnections) + " connections, got " +
                    std::to_string(connections),
                "connections");
  }
  if (Status valid = CheckPipeline(*this); !valid) return valid;
  if (duration <= Duration::zero() || duration > kMaxDuration) {
    return Fail(ErrorCode::kInvalidArgument, "expected more than 0s and at most 10m", "duration");
  }
  if (warmup < Duration::zero() || warmup > kMaxDuration) {
    return Fail(ErrorCode::kInvalidArgument, "expected at most 10m", "warmup");
  }
  if (grace < Duration::zero() || grace > kMaxDuration) {
    return Fail(ErrorCode::kInvalidArgument, "expected at most 10m", "grace");
  }
  return {};
}

LoadGenerator::LoadGenerator(LoadOptions options, std::vector<Duration> schedule)
    : options_(std::move(options)), schedule_(std::move(schedule)) {
  BATON_CHECK(options_.Validate().has_value());
}

Result<LoadReport> LoadGenerator::Run(const std::function<void(const LoadProgress&)>& each_second) {
  LoadRun run(options_, schedule_, is_stopping_);
  if (const Status connected = run.ConnectAll(); !connected) {
    return tl::unexpected(connected.error());
  }
  return run.Offer(each_second);
}

}  // namespace baton::client
