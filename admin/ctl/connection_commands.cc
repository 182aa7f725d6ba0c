// Listeners and connections, a line each.
#include "admin/ctl/connection_commands.h"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "admin/ctl/output.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/table.h"
#include "admin/ctl/yaml_text.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

std::string ShortName(const std::string& name) { return name.substr(name.find('/') + 1); }

std::string NumberOf(bool is_there, std::uint64_t number) {
  return is_there ? std::to_string(number) : "-";
}

std::string Table(const v1::ListListenersResponse& listeners, const Look& look) {
  std::vector<Row> rows = {
      {"NAME", "ADDRESS", "TLS", "CONNECTIONS", "ACCEPTED", "WAITING", "MAY_WAIT", "DROPS"}};
  for (const v1::ListenerState& one : listeners.listeners()) {
    rows.push_back({ShortName(one.name()), one.address(), one.tls() ? "yes" : "no",
                    NumberOf(one.has_connections(), one.connections()),
                    NumberOf(one.has_accepted_total(), one.accepted_total()),
                    NumberOf(one.has_backlog_depth(), one.backlog_depth()),
                    NumberOf(one.has_backlog_limit(), one.backlog_limit()),
                    NumberOf(one.has_backlog_drops_total(), one.backlog_drops_total())});
  }
  return Columns(rows, look);
}

std::string Table(const v1::ListConnectionsResponse& connections, const Look& look) {
  std::vector<Row> rows = {{"NAME", "PEER", "STATE", "AGE", "REQUESTS", "IN_FLIGHT",
                            "RECEIVED_BYTES", "SENT_BYTES", "TLS"}};
  for (const v1::Connection& one : connections.connections()) {
    const auto age = std::chrono::seconds(static_cast<std::int64_t>(one.age_seconds()));
    rows.push_back({ShortName(one.name()), one.peer(),
                    one.state() + (one.closing() ? ", closing" : ""), FormatDuration(age),
                    std::to_string(one.requests_total()), std::to_string(one.in_flight()),
                    std::to_string(one.received_bytes()), std::to_string(one.sent_bytes()),
                    one.tls_version().empty() ? "-" : one.tls_version()});
  }
  return Columns(rows, look);
}

template <typename List, typename Items>
ExitCode Show(const List& list, const Items& items, const Look& look) {
  std::string names;
  switch (look.format) {
    case Look::Format::kJson: return Print(ToJson(list));
    case Look::Format::kYaml: return Print(ToYaml(list));
    case Look::Format::kName:
      for (const auto& one : items) names += one.name() + "\n";
      return Print(names);
    default: return Print(Table(list, look));
  }
}

}  // namespace

ExitCode RunGetListeners(AdminClient& client, const Look& look) {
  const auto listeners = client.ListListeners();
  if (!listeners) return Complain(listeners.error());
  return Show(*listeners, listeners->listeners(), look);
}

ExitCode RunGetConnections(AdminClient& client, const Look& look) {
  const auto connections = client.ListConnections();
  if (!connections) return Complain(connections.error());
  for (const int conductor : connections->silent_conductors()) {
    std::cerr << "batonctl: conductor " << conductor
              << " did not answer in time: its connections are missing\n";
  }
  return Show(*connections, connections->connections(), look);
}

ExitCode RunCloseConnection(const Command& command, AdminClient& client, const Look& look) {
  const auto closed = client.CloseConnection(command.name, command.forces);
  if (!closed) return Complain(closed.error());
  switch (look.format) {
    case Look::Format::kJson: return Print(ToJson(*closed));
    case Look::Format::kYaml: return Print(ToYaml(*closed));
    case Look::Format::kName: return Print(closed->name() + "\n");
    default: break;
  }
  // Over gRPC they are cut off.
  const bool is_http = closed->state() != "open" && closed->state() != "opening";
  const bool waits = is_http && !command.forces && closed->state() != "idle";
  return Print(closed->name() + " of " + closed->peer() +
               (waits ? " closes with its next answer\n" : " is closed\n"));
}

}  // namespace baton::ctl
