// Listeners and connections as the admin schema tells of them.
#include "admin/service/translate_connection.h"

#include <string_view>

#include "baton/admin/v1/connection.pb.h"

#include "server/control/connection_key.h"

namespace baton::admin {
namespace {

constexpr std::string_view kListenerPrefix = "listeners/";
constexpr std::string_view kConnectionPrefix = "connections/";

}  // namespace

void Fill(const control::ListenerFigures& figures, v1::ListenerState& listener) {
  listener.set_name(std::string(kListenerPrefix) + figures.name);
  listener.set_address(figures.address);
  listener.set_tls(figures.is_secured);
  if (figures.connections) listener.set_connections(*figures.connections);
  if (figures.accepted_total) listener.set_accepted_total(*figures.accepted_total);
  if (figures.backlog_depth) listener.set_backlog_depth(*figures.backlog_depth);
  if (figures.backlog_limit) listener.set_backlog_limit(*figures.backlog_limit);
  if (figures.backlog_drops_total) listener.set_backlog_drops_total(*figures.backlog_drops_total);
}

void Fill(const control::ConnectionState& state, v1::Connection& connection) {
  connection.set_name(NameOf(state.key));
  connection.set_conductor(state.key.conductor);
  connection.set_peer(state.peer);
  connection.set_age_seconds(ToSeconds(state.age));
  connection.set_state(state.state);
  connection.set_requests_total(state.requests_total);
  connection.set_in_flight(state.in_flight);
  connection.set_received_bytes(state.received_bytes);
  connection.set_sent_bytes(state.sent_bytes);
  connection.set_tls_version(state.tls_version);
  connection.set_closing(state.is_leaving);
}

std::string NameOf(const control::ConnectionKey& key) {
  return std::string(kConnectionPrefix) + control::ToText(key);
}

Result<control::ConnectionKey> ToConnectionKey(const std::string& name, const std::string& field) {
  if (name.starts_with(kConnectionPrefix)) {
    const auto key =
        control::ParseConnectionKey(std::string_view(name).substr(kConnectionPrefix.size()));
    if (key) return *key;
  }
  return Fail(
      ErrorCode::kInvalidArgument,
      field + ": expected a name such as \"connections/0-17\" or \"connections/grpc-3\", got \"" +
          name + "\"",
      field);
}

Result<std::string> ToListenerName(const std::string& name) {
  if (name.starts_with(kListenerPrefix)) return name.substr(kListenerPrefix.size());
  return Fail(ErrorCode::kInvalidArgument,
              "name: expected a name such as \"listeners/http\", got \"" + name + "\"", "name");
}

}  // namespace baton::admin
