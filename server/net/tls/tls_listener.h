// A listener whose connections speak TLS.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/net/tls/tls_certificate.h"
#include "server/net/tls/tls_files.h"
#include "server/net/tls/tls_metrics.h"
#include "server/net/transport.h"

namespace baton::net {

// Gives each connection a transport under the certificate of the moment. Those that are open keep
// theirs.
//
// Threads: any.
class TlsListener {
 public:
  using WallTime = TlsContext::WallTime;

  // As TlsCertificate::Open.
  static Result<std::unique_ptr<TlsListener>> Open(const std::string& listener, TlsFiles files,
                                                   metrics::Registry& registry, WallTime now);
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  TlsCertificate& certificate() { return *certificate_; }

  // For a socket that outlives it; its handshake is counted in `shard`.
  std::unique_ptr<Transport> Accept(int fd, metrics::Shard& shard) const;

 private:
  TlsListener(std::unique_ptr<TlsCertificate> certificate, const TlsMetrics& metrics)
      : certificate_(std::move(certificate)), metrics_(metrics) {}

  const std::unique_ptr<TlsCertificate> certificate_;
  const TlsMetrics metrics_;
};

}  // namespace baton::net
