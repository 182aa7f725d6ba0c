// The connections of both listeners over gRPC, as operators and metrics see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/app/server_options.h"
#include "server/app/status_sampler.h"
#include "server/control/connection_state.h"
#include "server/metrics/registry.h"
#include "server/net/foreign_listener.h"

namespace baton::app {

// Threads: set before the first call; then any.
struct GrpcListeners {
  net::ForeignListener* grpc = nullptr;  // null without
  net::ForeignListener* admin = nullptr;

  // Those of conductor numbers beyond all conductors', behind `after`, by key.
  std::vector<control::ConnectionState> List(const control::ConnectionQuery& query) const;
  // Cut off, whatever is under way. Empty when it is not there.
  std::optional<control::ConnectionState> Close(const control::ConnectionKey& key) const;
  // Fills in what is known of the listener that has the name.
  void Tell(control::ListenerFigures& figures) const;
  // They outlive the registry's scrapes and the sampler.
  void Observe(metrics::Registry& registry, StatusSampler& sampler) const;

  // How many connections the data plane over gRPC may have, each of which takes two descriptors.
  static std::size_t MostConnections(const ServerOptions& options, std::uint64_t descriptors);
};

}  // namespace baton::app
