// The names of the outcomes.
#include "server/net/tls/tls_metrics.h"

#include <cstddef>

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
    made.handshakes[i] = registry.AddCounter(
        "baton_tls_handshakes_total",
        "Handshakes of the data plane over HTTP and the pages, where they speak TLS, by how they "
        "ended. nothing_in_common: no version, cipher or protocol of both sides; "
        "client_certificate: none, or none that is trusted; refused_by_client: it sent an alert, "
        "most likely because it does not trust the server's certificate; abandoned: it left, or "
        "took too long.",
        {{"listener", listener}, {"outcome", kNames[i]}});
  }
  return made;
}

}  // namespace baton::net
