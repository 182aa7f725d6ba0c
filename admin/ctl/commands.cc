// The commands of batonctl, after their arguments were parsed.
#include "admin/ctl/commands.h"

#include <iostream>
#include <vector>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/endpoint_output.h"
#include "admin/ctl/output.h"
#include "admin/ctl/settings.h"
#include "server/base/duration_text.h"
#include "server/control/endpoint_settings.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

ExitCode Complain(ExitCode code, const std::string& message) {
  std::cerr << "batonctl: " << message << '\n';
  return code;
}

ExitCode Complain(const Error& error) { return Complain(ToExitCode(error.code), error.message); }

// A result that nobody could read is no success: scripts would go on with nothing.
ExitCode Print(const std::string& text, ExitCode code = ExitCode::kOk) {
  std::cout << text << std::flush;
  if (!std::cout) return Complain(ExitCode::kRefused, "cannot write to standard output");
  return code;
}

bool IsJson(const Command& command) { return command.output == "json"; }

ExitCode RunStatus(const Command& command, AdminClient& client) {
  const Result<v1::ServerStatus> status = client.GetStatus();
  if (!status) return Complain(status.error());
  return Print(IsJson(command) ? ToJson(*status) : ToTable(*status),
               status->ready() ? ExitCode::kOk : ExitCode::kUnhealthy);
}

ExitCode RunGetPool(const Command& command, AdminClient& client) {
  const Result<v1::Pool> pool = client.GetPool();
  if (!pool) return Complain(pool.error());
  return Print(IsJson(command) ? ToJson(*pool) : ToTable(*pool));
}

ExitCode RunGetEndpoints(const Command& command, AdminClient& client) {
  const Result<v1::ListEndpointsResponse> all = client.ListEndpoints();
  if (!all) return Complain(all.error());
  return Print(IsJson(command) ? ToJson(*all) : ToTable(*all));
}

ExitCode RunGetEndpoint(const Command& command, AdminClient& client) {
  const Result<v1::Endpoint> endpoint = client.GetEndpoint(command.endpoint);
  if (!endpoint) return Complain(endpoint.error());
  return Print(IsJson(command) ? ToJson(*endpoint) : ToTable(ToState(*endpoint)));
}

ExitCode RunSetPool(const Command& command, AdminClient& client) {
  Result<v1::UpdatePoolRequest> request = ToPoolRequest(command.settings);
  if (!request) return Complain(ExitCode::kUsage, request.error().message);
  request->mutable_pool()->set_etag(command.etag);
  request->set_validate_only(command.dry_run);
  const Result<v1::Pool> before = client.GetPool();
  if (!before) return Complain(before.error());
  const Result<v1::Pool> after = client.UpdatePool(*request);
  if (!after) return Complain(after.error());
  return Print(IsJson(command) ? ChangeToJson(*before, *after, command.dry_run)
                               : ChangeToTable(*before, *after, command.dry_run));
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

ExitCode RunSetEndpoint(const Command& command, AdminClient& client) {
  const Result<control::EndpointChange> change = ToEndpointChange(command.settings);
  if (!change) return Complain(ExitCode::kUsage, change.error().message);
  const Result<v1::Endpoint> before = client.GetEndpoint(command.endpoint);
  if (!before) return Complain(before.error());
  const Result<control::EndpointUpdate> update =
      control::WantedUpdate(*change, ToState(*before).fallback);
  if (!update) return Complain(ExitCode::kUsage, update.error().message);
  const Result<v1::Endpoint> after = client.UpdateEndpoint(MakeRequest(command, *before, *update));
  if (!after) return Complain(after.error());
  return Print(IsJson(command) ? ChangeToJson(*before, *after, command.dry_run)
                               : ChangeToTable(ToState(*before), ToState(*after), change->keys,
                                               command.dry_run));
}

ExitCode RunResetEstimator(const Command& command, AdminClient& client) {
  const Result<v1::Endpoint> endpoint = client.ResetEstimator(command.endpoint);
  if (!endpoint) return Complain(endpoint.error());
  return Print(IsJson(command)
                   ? ToJson(*endpoint)
                   : command.endpoint + ": estimates forgotten, it learns from what follows\n");
}

ExitCode RunMisses(const Command& command, AdminClient& client) {
  const Result<v1::ListMissesResponse> all = client.ListMisses(command.endpoint, command.limit);
  if (!all) return Complain(all.error());
  if (IsJson(command)) return Print(ToJson(*all));
  std::vector<control::MissState> misses;
  for (const v1::Miss& miss : all->misses()) misses.push_back(ToState(miss));
  return Print(ToTable(misses));
}

}  // namespace

ExitCode Run(const Command& command) {
  if (Status status = CheckServer(command.server); !status) {
    return Complain(ExitCode::kUsage, status.error().message);
  }
  const Result<Duration> timeout = ParseDuration(command.timeout);
  if (!timeout) return Complain(ExitCode::kUsage, "--timeout: " + timeout.error().message);
  if (*timeout <= Duration::zero()) {
    return Complain(ExitCode::kUsage,
                    "--timeout: expected more than 0, got '" + command.timeout + "'");
  }
  AdminClient client(command.server, *timeout);
  switch (command.kind) {
    case Command::Kind::kStatus: return RunStatus(command, client);
    case Command::Kind::kGetPool: return RunGetPool(command, client);
    case Command::Kind::kGetEndpoints: return RunGetEndpoints(command, client);
    case Command::Kind::kGetEndpoint: return RunGetEndpoint(command, client);
    case Command::Kind::kSetPool: return RunSetPool(command, client);
    case Command::Kind::kSetEndpoint: return RunSetEndpoint(command, client);
    case Command::Kind::kResetEstimator: return RunResetEstimator(command, client);
    case Command::Kind::kMisses: return RunMisses(command, client);
  }
  return ExitCode::kUsage;
}

}  // namespace baton::ctl
