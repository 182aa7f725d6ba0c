// Certificates and keys made on the spot, and a TLS client over one end of a socket pair.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "server/base/check.h"
#include "server/base/fd.h"

namespace baton::testing_support {

struct OpenSslDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL* connection) const { SSL_free(connection); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <typename T>
using OpenSsl = std::unique_ptr<T, OpenSslDeleter>;

inline std::string TextOf(const OpenSsl<BIO>& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// A certificate with its key, signed by another or by itself.
class Identity {
 public:
  struct Options {
    std::string name = "baton.test";
    long begins_s = -3600;  // from now on
    long ends_s = 86'400;
    const Identity* issuer = nullptr;  // null: itself
    std::string more_names = {};       // behind its own: ",IP:10.0.0.7,URI:spiffe://a/b"
  };

  explicit Identity(const Options& options) : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    static std::int32_t serial = 0;
    X509* const made = certificate_.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), options.begins_s);
    X509_gmtime_adj(X509_getm_notAfter(made), options.ends_s);
    X509_NAME* const name = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1,
                               0);
    const Identity& issuer = options.issuer == nullptr ? *this : *options.issuer;
    X509_set_issuer_name(made, X509_get_subject_name(issuer.certificate_.get()));
    X509_set_pubkey(made, key_.get());
    if (options.issuer == nullptr) AddExtension(NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(NID_subject_alt_name, "DNS:" + options.name + options.more_names);
    BATON_CHECK(X509_sign(made, issuer.key_.get(), EVP_sha256()) > 0);
  }
  Identity() : Identity(Options()) {}

  std::string certificate() const {
    const OpenSsl<BIO> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate_.get());
    return TextOf(bio);
  }
  std::string key() const { return Key(nullptr, nullptr); }
  std::string encrypted_key() const { return Key(EVP_aes_128_cbc(), "secret"); }

  X509* x509() const { return certificate_.get(); }
  EVP_PKEY* pkey() const { return key_.get(); }

 private:
  void AddExtension(int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    BATON_CHECK(extension != nullptr && X509_add_ext(certificate_.get(), extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  std::string Key(const EVP_CIPHER* cipher, const char* password) const {
    const OpenSsl<BIO> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), cipher, password,
                                  password == nullptr ? 0 : 6, nullptr, nullptr);
    return TextOf(bio);
  }

  OpenSsl<EVP_PKEY> key_;
  OpenSsl<X509> certificate_;
};

// A client that trusts everybody, over a non-blocking socket.
class TlsPeer {
 public:
  explicit TlsPeer(const UniqueFd& fd, const Identity* identity = nullptr)
      : context_(SSL_CTX_new(TLS_client_method())) {
    if (identity != nullptr) {
      BATON_CHECK(SSL_CTX_use_certificate(context_.get(), identity->x509()) == 1);
      BATON_CHECK(SSL_CTX_use_PrivateKey(context_.get(), identity->pkey()) == 1);
    }
    connection_.reset(SSL_new(context_.get()));
    SSL_set_fd(connection_.get(), fd.get());
    SSL_set_connect_state(connection_.get());
  }

  SSL* ssl() { return connection_.get(); }
  bool Handshake() { return Try(SSL_do_handshake(ssl())); }
  void Send(std::string_view bytes) {
    BATON_CHECK(SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size())) > 0);
  }
  // What is there now.
  std::string Receive() {
    std::string all;
    char buffer[4096];
    for (int n = 0; (n = SSL_read(ssl(), buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    ERR_clear_error();
    return all;
  }
  // Whether the server has said that it sends no more.
  bool IsAtOrderlyEnd() {
    Receive();
    return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  void EndOutput() { Try(SSL_shutdown(ssl())); }
  std::string ServersName() {
    const OpenSsl<X509> certificate(SSL_get1_peer_certificate(ssl()));
    if (!certificate) return {};
    char name[128] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                              sizeof(name));
    return name;
  }

 private:
  static bool Try(int result) {
    ERR_clear_error();
    return result == 1;
  }

  OpenSsl<SSL_CTX> context_;
  OpenSsl<SSL> connection_;
};

}  // namespace baton::testing_support
