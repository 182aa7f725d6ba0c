// Transports under the certificate of the moment.
#include "server/net/tls/tls_listener.h"

#include <utility>

#include "server/net/tls/tls_transport.h"

namespace baton::net {

Result<std::unique_ptr<TlsListener>> TlsListener::Open(const std::string& listener, TlsFiles files,
                                                       metrics::Registry& registry, WallTime now) {
  auto certificate = TlsCertificate::Open(listener, std::move(files), registry, now);
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  return std::unique_ptr<TlsListener>(
      new TlsListener(*std::move(certificate), TlsMetrics::Make(registry, listener)));
}

std::unique_ptr<Transport> TlsListener::Accept(int fd, metrics::Shard& shard) const {
  return std::make_unique<TlsTransport>(fd, certificate_->Now(), metrics_, shard);
}

}  // namespace baton::net
