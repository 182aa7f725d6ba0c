// Where the certificate of a listener lies.
#pragma once

#include <string>

namespace baton::net {

struct TlsFiles {
  std::string certificate;  // PEM, the server's own first, then those that lead to its root
  std::string key;          // PEM, not encrypted
  std::string client_ca;    // PEM; empty: clients need no certificate

  bool IsOn() const { return !certificate.empty(); }
};

}  // namespace baton::net
