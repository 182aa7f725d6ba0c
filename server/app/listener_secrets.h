// What listeners keep in files that change while they serve: certificates with their keys, and the
// hashes of operators' tokens and of clients' keys.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "admin/service/admin_door.h"
#include "server/access/api_keys.h"
#include "server/access/secret_file.h"
#include "server/app/api_key_metrics.h"
#include "server/app/server_options.h"
#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/net/tls/tls_certificate.h"
#include "server/net/tls/tls_listener.h"

namespace baton::app {

// Threads: Open, Renew and WarnOfUnreadable from one at a time; the rest any, once it is open.
class ListenerSecrets {
 public:
  // Reads them all. kInvalidArgument, kNotFound with all that is wrong, a line each. `registry`
  // does not scrape once this is gone.
  Status Open(const ServerOptions& options, metrics::Registry& registry);

  // Takes over what has changed: whoever renews a certificate or a token just writes it. Blocks for
  // the files. True: there is a new ring of API keys.
  bool Renew();
  // A line in the log for each file that this process, as it is now, could not read again.
  void WarnOfUnreadable() const;

  // Null: plain connections.
  const net::TlsListener* http() const { return http_.get(); }
  const net::TlsListener* pages() const { return pages_.get(); }
  const net::TlsCertificate* grpc() const { return grpc_.get(); }
  const net::TlsCertificate* admin() const { return admin_.get(); }

  // Null: calls need no token.
  const access::SecretFile* admin_tokens() const { return admin_tokens_.get(); }

  // Null: clients of the data plane need none.
  const access::ApiKeys* api_keys() const { return api_keys_.get(); }

  // Which refers to this.
  admin::AdminDoor::Options AdminDoor(const AdminOptions& options) const;

 private:
  std::vector<net::TlsCertificate*> Certificates() const;

  std::unique_ptr<net::TlsListener> http_;
  std::unique_ptr<net::TlsListener> pages_;
  std::unique_ptr<net::TlsCertificate> grpc_;
  std::unique_ptr<net::TlsCertificate> admin_;
  std::unique_ptr<access::SecretFile> admin_tokens_;  // null: calls need none
  std::unique_ptr<access::ApiKeys> api_keys_;
  std::optional<ApiKeyMetrics> api_key_metrics_;  // where there are some
};

}  // namespace baton::app
