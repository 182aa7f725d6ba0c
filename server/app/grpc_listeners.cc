// One listener after the other, in the order of their keys.
#include "server/app/grpc_listeners.h"

#include <array>
#include <string>
#include <utility>

#include "server/app/server_metrics.h"
#include "server/control/connection_key.h"
#include "server/net/foreign_books.h"
#include "server/net/socket.h"

namespace baton::app {
namespace {

using Listed = std::pair<int, net::ForeignListener*>;

std::array<Listed, 2> All(const GrpcListeners& listeners) {
  return {Listed{control::kGrpcConnections, listeners.grpc},
          Listed{control::kAdminConnections, listeners.admin}};
}

control::ConnectionState ToState(int conductor, const net::ForeignConnection& connection) {
  control::ConnectionState state;
  state.key = {conductor, connection.number};
  state.peer = connection.peer;
  state.age = connection.age;
  state.state = connection.is_open ? "open" : "opening";
  state.received_bytes = connection.received_bytes;
  state.sent_bytes = connection.sent_bytes;
  state.tls_version = connection.tls_version;
  state.is_leaving = connection.is_leaving;
  return state;
}

}  // namespace

std::vector<control::ConnectionState> GrpcListeners::List(
    const control::ConnectionQuery& query) const {
  std::vector<control::ConnectionState> listed;
  for (const auto& [conductor, listener] : All(*this)) {
    if (listener == nullptr || (query.after && query.after->conductor > conductor)) continue;
    std::optional<std::uint64_t> after;
    if (query.after && query.after->conductor == conductor) after = query.after->number;
    for (const auto& one : listener->List(after, query.limit - listed.size())) {
      listed.push_back(ToState(conductor, one));
    }
  }
  return listed;
}

std::optional<control::ConnectionState> GrpcListeners::Close(
    const control::ConnectionKey& key) const {
  for (const auto& [conductor, listener] : All(*this)) {
    if (listener == nullptr || key.conductor != conductor) continue;
    if (const auto closed = listener->Close(key.number)) return ToState(conductor, *closed);
  }
  return std::nullopt;
}

void GrpcListeners::Tell(control::ListenerFigures& figures) const {
  const net::ForeignListener* const listener = figures.name == "grpc"    ? grpc
                                               : figures.name == "admin" ? admin
                                                                         : nullptr;
  if (listener == nullptr) return;
  const net::BacklogFigures backlog = net::ReadBacklog(listener->listening_fd());
  figures.is_secured = listener->speaks_tls();
  figures.connections = listener->books().open();
  figures.accepted_total = listener->books().accepted;
  figures.backlog_depth = backlog.depth;
  figures.backlog_limit = backlog.limit;
  figures.backlog_drops_total = backlog.drops;
}

void GrpcListeners::Observe(metrics::Registry& registry, StatusSampler& sampler) const {
  const auto observe = [&](const std::string& name, const net::ForeignListener* listener) {
    if (listener == nullptr) return;
    net::AddForeignMetrics(registry, name, listener->speaks_tls(), listener->books());
    AddBacklogMetrics(registry, name, listener->listening_fd());
    sampler.Add({name, listener->listening_fd()});
  };
  observe("grpc", grpc);
  observe("admin", admin);
}

std::size_t GrpcListeners::MostConnections(const ServerOptions& options,
                                           std::uint64_t descriptors) {
  if (options.max_connections > 0) return static_cast<std::size_t>(options.max_connections);
  return static_cast<std::size_t>(descriptors / 4);
}

}  // namespace baton::app
