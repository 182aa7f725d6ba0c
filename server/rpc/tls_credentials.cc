// gRPC's C++ has no credentials that are fetched anew; those of its core are wrapped.
#include "server/rpc/tls_credentials.h"

#include <string>
#include <utility>

#include <grpc/grpc.h>

#include "server/base/check.h"
#include "server/base/log.h"

namespace baton::rpc {

TlsCredentials::TlsCredentials(const net::TlsCertificate& certificate) : certificate_(certificate) {
  const auto asks = certificate.asks_clients()
                        ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                        : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  // The options are the credentials' from there on.
  credentials_ = grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(asks, &Fetch, this));
  BATON_CHECK(credentials_ != nullptr);
}

TlsCredentials::~TlsCredentials() { grpc_server_credentials_release(credentials_); }

int TlsCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  given_.reset();  // a listener that comes has none yet
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

grpc_ssl_certificate_config_reload_status TlsCredentials::Fetch(
    void* self, grpc_ssl_server_certificate_config** config) {
  auto& credentials = *static_cast<TlsCredentials*>(self);
  std::shared_ptr<const net::TlsContext> now = credentials.certificate_.Now();
  if (now == credentials.given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const Result<net::TlsTexts> texts = now->ToTexts();
  if (!texts) {
    Log(LogLevel::kError, "tls_reload_failed", {{"reason", texts.error().message}});
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
  }
  const grpc_ssl_pem_key_cert_pair pair = {texts->key.c_str(), texts->certificate.c_str()};
  // gRPC insists on roots, also where it asks no client for a certificate and uses none.
  const std::string& roots = texts->client_ca.empty() ? texts->certificate : texts->client_ca;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);  // copies
  credentials.given_ = std::move(now);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const net::TlsCertificate* certificate) {
  if (certificate == nullptr) return grpc::InsecureServerCredentials();
  return std::make_shared<TlsCredentials>(*certificate);
}

}  // namespace baton::rpc
