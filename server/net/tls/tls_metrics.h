// What the handshakes of a listener came to.
#pragma once

#include <array>
#include <string>

#include "server/metrics/registry.h"
#include "server/net/transport.h"

namespace baton::net {

// By HandshakeOutcome.
struct TlsMetrics {
  std::array<metrics::Counter, kHandshakeOutcomes> handshakes;

  // Requires: once a registry and listener.
  static TlsMetrics Make(metrics::Registry& registry, const std::string& listener);
};

}  // namespace baton::net
