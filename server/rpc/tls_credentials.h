// What a gRPC listener speaks TLS with.
#pragma once

#include <memory>
#include <string>

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include "server/net/tls/tls_certificate.h"

namespace baton::rpc {

// Under the certificate of the moment: gRPC asks for it at the beginning of each connection, and
// keeps the one that it has where there is no other. gRPC 1.51 speaks TLS 1.2 and 1.3, by a list of
// ciphers of its own. Clients need a certificate where `certificate` asks them for one.
//
// Threads: those of gRPC. It and `certificate` outlive the servers that listen with it.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsCredentials(const net::TlsCertificate& certificate);
  ~TlsCredentials() override;
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  // Not served: who calls is looked at where calls are answered.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config);

  const net::TlsCertificate& certificate_;
  std::shared_ptr<const net::TlsContext> given_;  // gRPC asks under a lock of its own
  grpc_server_credentials* credentials_ = nullptr;
};

// Plain where there is none.
std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const net::TlsCertificate* certificate);

}  // namespace baton::rpc
