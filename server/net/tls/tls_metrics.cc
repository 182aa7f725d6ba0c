// The names of the outcomes.
#include "server/net/tls/tls_metrics.h"

#include <cstddef>

#include "server/net/listener_families.h"

namespace baton::net {
namespace {

constexpr std::array<const char*, kHandshakeOutcomes> kNames = {"full",
                                                                "resumed",
                                                                "plain_http",
                                                                "nothing_in_common",
                                                                "client_certificate",
                                                                "refused_by_client",
                                                                "broken",
                                                                "abandoned"};

}  // namespace

TlsMetrics TlsMetrics::Make(metrics::Registry& registry, const std::string& listener) {
  TlsMetrics made;
  for (std::size_t i = 0; i < kHandshakeOutcomes; ++i) {
    made.handshakes[i] = registry.AddCounter(kHandshakes.name, kHandshakes.help,
                                             {{"listener", listener}, {"outcome", kNames[i]}});
  }
  return made;
}

}  // namespace baton::net
