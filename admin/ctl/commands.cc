// The commands of batonctl, after their arguments were parsed.
#include "admin/ctl/commands.h"

#include <iterator>
#include <optional>
#include <thread>
#include <vector>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/capture_command.h"
#include "admin/ctl/completion.h"
#include "admin/ctl/config_output.h"
#include "admin/ctl/connection_commands.h"
#include "admin/ctl/context_commands.h"
#include "admin/ctl/contexts.h"
#include "admin/ctl/describe.h"
#include "admin/ctl/drain_commands.h"
#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/endpoint_output.h"
#include "admin/ctl/explain.h"
#include "admin/ctl/model_output.h"
#include "admin/ctl/operation_commands.h"
#include "admin/ctl/output.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/settings.h"
#include "admin/ctl/settings_commands.h"
#include "admin/ctl/top.h"
#include "admin/ctl/yaml_text.h"
#include "server/base/duration_text.h"
#include "server/control/endpoint_settings.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using Kind = Command::Kind;

constexpr Duration kLeastInterval = std::chrono::milliseconds(100);

template <typename Message>
Result<std::string> Text(const Result<Message>& message, const Look& look) {
  if (!message) return tl::unexpected<Error>(message.error());
  switch (look.format) {
    case Look::Format::kJson: return ToJson(*message);
    case Look::Format::kYaml: return ToYaml(*message);
    case Look::Format::kName: return ToNames(*message);
    default: return ToTable(*message, look);
  }
}

// The first one that is ready, or the last one when the time is up.
Result<v1::ServerStatus> AwaitReady(AdminClient& client, Duration most) {
  const SystemClock clock;
  const SteadyTime end = clock.Now() + most;
  while (true) {
    Result<v1::ServerStatus> status = client.GetStatus();
    const bool may_come =
        status ? !status->ready() : status.error().code == ErrorCode::kUnavailable;
    if (!may_come || clock.Now() >= end) return status;
    std::this_thread::sleep_for(kLeastInterval);
  }
}

ExitCode RunStatus(const Command& command, AdminClient& client, const Look& look,
                   Duration timeout) {
  const Result<v1::ServerStatus> status =
      command.waits ? AwaitReady(client, timeout) : client.GetStatus();
  const Result<std::string> text = Text(status, look);
  if (!text) return Complain(text.error());
  return Print(*text, status->ready() ? ExitCode::kOk : ExitCode::kUnhealthy);
}

// Before and after, and `table` of both.
template <typename Message>
ExitCode PrintChange(const Message& before, const Message& after, const std::string& table,
                     bool dry_run, const Look& look) {
  const std::vector<Part> parts = {{"before", before}, {"after", after}};
  switch (look.format) {
    case Look::Format::kJson: return Print(ToJson(parts, "validate_only", dry_run));
    case Look::Format::kYaml: return Print(ToYaml(parts, "validate_only", dry_run));
    case Look::Format::kName: return Print(ToNames(after));
    default: return Print(table);
  }
}

ExitCode RunSetPool(const Command& command, AdminClient& client, const Look& look) {
  Result<v1::UpdatePoolRequest> request = ToPoolRequest(command.settings);
  if (!request) return Complain(ExitCode::kUsage, request.error().message);
  request->mutable_pool()->set_etag(command.etag);
  request->set_validate_only(command.dry_run);
  const Result<v1::Pool> before = client.GetPool();
  if (!before) return Complain(before.error());
  const Result<v1::Pool> after = client.UpdatePool(*request);
  if (!after) return Complain(after.error());
  return PrintChange(*before, *after, ChangeToTable(*before, *after, command.dry_run),
                     command.dry_run, look);
}

template <typename Resources>
std::vector<std::string> ShortNames(const Resources& resources) {
  std::vector<std::string> names;
  for (const auto& one : resources) names.push_back(one.name().substr(one.name().find('/') + 1));
  return names;
}

// With the endpoint or the model that was probably meant, of those that there are.
Error WithHint(Error error, const Command& command, AdminClient& client) {
  if (error.code != ErrorCode::kNotFound) return error;
  if (!command.endpoint.empty()) {
    const auto all = client.ListEndpoints();
    if (all) error.message += MeantText(command.endpoint, ShortNames(all->endpoints()));
  } else if (!command.model.empty()) {
    const auto all = client.ListModels();
    if (all) error.message += MeantText(command.model, ShortNames(all->models()));
  }
  return error;
}

// A fallback is changed as one whole, which is right only while nobody else changes it.
v1::UpdateEndpointRequest MakeRequest(const Command& command, const v1::Endpoint& before,
                                      const control::EndpointUpdate& update) {
  v1::UpdateEndpointRequest request = ToRequest(update);
  request.mutable_endpoint()->set_name(before.name());
  request.mutable_endpoint()->set_etag(update.fallback && command.etag.empty() ? before.etag()
                                                                               : command.etag);
  request.set_validate_only(command.dry_run);
  return request;
}

ExitCode RunSetEndpoint(const Command& command, AdminClient& client, const Look& look) {
  const Result<control::EndpointChange> change = ToEndpointChange(command.settings);
  if (!change) return Complain(ExitCode::kUsage, change.error().message);
  const Result<v1::Endpoint> before = client.GetEndpoint(command.endpoint);
  if (!before) return Complain(WithHint(before.error(), command, client));
  const Result<control::EndpointUpdate> update =
      control::WantedUpdate(*change, ToState(*before).fallback);
  if (!update) return Complain(ExitCode::kUsage, update.error().message);
  const Result<v1::Endpoint> after = client.UpdateEndpoint(MakeRequest(command, *before, *update));
  if (!after) return Complain(after.error());
  for (const std::string& warning : after->warnings()) Warn(command.endpoint + ": " + warning);
  return PrintChange(
      *before, *after,
      ChangeToTable(ToState(*before), ToState(*after), change->keys, command.dry_run),
      command.dry_run, look);
}

Result<std::string> ResetEstimator(const Command& command, AdminClient& client, const Look& look) {
  const Result<v1::Endpoint> endpoint = client.ResetEstimator(command.endpoint);
  if (!endpoint || !look.IsTable()) return Text(endpoint, look);
  return command.endpoint + ": estimates forgotten, it learns from what follows\n";
}

Result<std::string> ReloadConfig(const Command& command, AdminClient& client, const Look& look) {
  const Result<v1::ReloadConfigResponse> done = client.ReloadConfig(command.dry_run);
  if (done) {
    for (const std::string& warning : done->warnings()) Warn(warning);
  }
  return Text(done, look);
}

// Of everything that is but shown, and of what is done to models.
Result<std::string> TextOf(const Command& command, AdminClient& client, const Look& look) {
  switch (command.kind) {
    case Kind::kGetPool: return Text(client.GetPool(), look);
    case Kind::kGetEndpoints: return Text(client.ListEndpoints(), look);
    case Kind::kGetEndpoint: return Text(client.GetEndpoint(command.endpoint), look);
    case Kind::kGetModels: return Text(client.ListModels(), look);
    case Kind::kGetModel: return Text(client.GetModel(command.model), look);
    case Kind::kDescribePool: return DescribePool(client, look);
    case Kind::kDescribeEndpoint: return DescribeEndpoint(client, command.endpoint, look);
    case Kind::kDescribeModel: return DescribeModel(client, command.model, look);
    case Kind::kMisses: return Text(client.ListMisses(command.endpoint, command.limit), look);
    case Kind::kResetEstimator: return ResetEstimator(command, client, look);
    case Kind::kLoadModel:
    case Kind::kUnloadModel:
    case Kind::kReloadModels: return ChangeModels(command, client, look);
    case Kind::kGetOperations: return Text(client.ListOperations(), look);
    case Kind::kGetOperation: return Text(client.GetOperation(command.name), look);
    case Kind::kWaitOperation: return AwaitOperation(command, client, look);
    case Kind::kGetConfig: return Text(client.GetConfig(), look);
    case Kind::kDiffConfig: return Text(client.ReloadConfig(true), look);
    case Kind::kReloadConfig: return ReloadConfig(command, client, look);
    default: return Fail(ErrorCode::kInternal, "this command has nothing to show");
  }
}

ExitCode RunShown(const Command& command, AdminClient& client, const Look& look,
                  Duration interval) {
  for (std::string shown;;) {
    Result<std::string> text = TextOf(command, client, look);
    if (!text) return Complain(WithHint(text.error(), command, client));
    if (*text != shown) {
      const ExitCode printed = Print((shown.empty() || !look.IsTable() ? "" : "\n") + *text);
      if (printed != ExitCode::kOk) return printed;
    }
    if (!command.keeps_on) return ExitCode::kOk;
    shown = *std::move(text);
    std::this_thread::sleep_for(interval);
  }
}

std::string TimeoutOf(const Command& command) {
  if (!command.timeout.empty()) return command.timeout;
  const bool takes_long = command.kind == Kind::kLoadModel || command.kind == Kind::kReloadModels ||
                          command.kind == Kind::kWaitOperation || command.waits;
  return takes_long ? "60s" : "5s";
}

Result<Duration> ReadTime(const std::string& option, const std::string& text, Duration least) {
  const Result<Duration> time = ParseDuration(text);
  if (!time) return Fail(ErrorCode::kInvalidArgument, option + ": " + time.error().message);
  if (*time >= least) return *time;
  const std::string expected =
      least > Duration(1) ? "at least " + FormatDuration(least) : "more than 0";
  return Fail(ErrorCode::kInvalidArgument,
              option + ": expected " + expected + ", got '" + text + "'");
}

Result<Lookout> ToLookout(const Command& command) {
  const Result<Target> target = TargetToAsk(command.target, command.context);
  if (!target) return tl::unexpected<Error>(target.error());
  const Result<Reach> reach = ReadTarget(*target);
  if (!reach) return tl::unexpected<Error>(reach.error());
  const Result<Duration> timeout = ReadTime("--timeout", TimeoutOf(command), Duration(1));
  if (!timeout) return tl::unexpected<Error>(timeout.error());
  const Result<Duration> interval = ReadTime("--interval", command.interval, kLeastInterval);
  if (!interval) return tl::unexpected<Error>(interval.error());
  return Lookout{*reach, *timeout, *interval};
}

// What needs no server; none for everything else.
std::optional<ExitCode> RunHere(const Command& command, const Look& look) {
  switch (command.kind) {
    case Kind::kExplain: {
      std::string word;
      for (const std::string& part : command.words) word += (word.empty() ? "" : " ") + part;
      return RunExplain(word, look);
    }
    case Kind::kCompletion: return Print(CompletionScript(command.name));
    case Kind::kContextList:
    case Kind::kContextShow:
    case Kind::kContextUse:
    case Kind::kContextSet:
    case Kind::kContextDelete: return RunContext(command, look);
    default: return std::nullopt;
  }
}

bool HasNames(Kind kind) {
  return kind != Kind::kStatus && kind != Kind::kMisses && kind != Kind::kTop &&
         kind != Kind::kWatch && kind != Kind::kCapture && kind != Kind::kGetConfig &&
         kind != Kind::kDiffConfig && kind != Kind::kReloadConfig && kind != Kind::kDrain &&
         kind != Kind::kResume;
}

}  // namespace

ExitCode Run(const Command& command) {
  const Look look = LookOf(command.output, command.color);
  if (const std::optional<ExitCode> done = RunHere(command, look)) return *done;
  if (look.format == Look::Format::kName && !HasNames(command.kind)) {
    return Complain(ExitCode::kUsage,
                    "-o name: what this shows has no names, expected one of "
                    "table, wide, json, yaml");
  }
  const Result<Lookout> lookout = ToLookout(command);
  if (!lookout) {
    const bool is_unknown = lookout.error().code == ErrorCode::kNotFound;
    return Complain(is_unknown ? ExitCode::kNotFound : ExitCode::kUsage, lookout.error().message);
  }
  if (command.kind == Kind::kTop) return RunTop(command, *lookout, look);
  if (command.kind == Kind::kWatch) return RunWatch(command, *lookout, look);
  AdminClient client(lookout->reach, lookout->timeout);
  switch (command.kind) {
    case Kind::kStatus: return RunStatus(command, client, look, lookout->timeout);
    case Kind::kGetSettings: return RunGetSettings(command, client, look);
    case Kind::kSetSettings: return RunSetSettings(command, client, look);
    case Kind::kLogLevel: return RunLogLevel(command, client, look);
    case Kind::kGetListeners: return RunGetListeners(client, look);
    case Kind::kGetConnections: return RunGetConnections(client, look);
    case Kind::kCloseConnection: return RunCloseConnection(command, client, look);
    case Kind::kDrain: return RunDrain(command, client, lookout->timeout, look);
    case Kind::kResume: return RunResume(client, look);
    case Kind::kCapture: return RunCapture(command, client);
    case Kind::kSetPool: return RunSetPool(command, client, look);
    case Kind::kSetEndpoint: return RunSetEndpoint(command, client, look);
    default: return RunShown(command, client, look, lookout->interval);
  }
}

}  // namespace baton::ctl
