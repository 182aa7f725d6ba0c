// Files into a context of OpenSSL, each step with an error of its own.
#include "server/net/tls/tls_context.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "server/base/fd.h"
#include "server/net/tls/socket_bio.h"

namespace baton::net {
namespace {

using WallTime = TlsContext::WallTime;

constexpr off_t kLargestFile = 1024 * 1024;
constexpr char kCiphers[] =  // of TLS 1.2
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kCiphers13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kGroups[] = "X25519:P-256";
constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::array<unsigned char, 5> kSessionsOf = {'b', 'a', 't', 'o', 'n'};

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, Deleter>;

// What a file holds, forgotten for good at the end: it may be a key.
struct Text {
  ~Text() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::unique_ptr<BIO, Deleter> Reader() const {
    return std::unique_ptr<BIO, Deleter>(
        BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  }

  std::string bytes;
  mode_t mode = 0;
};

tl::unexpected<Error> Wrong(const char* what, const std::string& path, const std::string& how) {
  return Fail(ErrorCode::kInvalidArgument, std::string("the ") + what + " " + path + " " + how);
}

// The last word of OpenSSL on what failed; never of what a file holds.
std::string Reason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

Status Read(const char* what, const std::string& path, Text& text) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.valid() || fstat(fd.get(), &status) != 0) {
    return Wrong(what, path, std::string("cannot be read: ") + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return Wrong(what, path, "is no file");
  if (status.st_size > kLargestFile) {
    return Wrong(what, path, "is larger than 1 MiB, which no certificate or key is");
  }
  text.mode = status.st_mode;
  text.bytes.resize(static_cast<std::size_t>(status.st_size));
  const ssize_t n = read(fd.get(), text.bytes.data(), text.bytes.size());
  if (n < 0) return Wrong(what, path, std::string("cannot be read: ") + std::strerror(errno));
  text.bytes.resize(static_cast<std::size_t>(n));
  return {};
}

int NoPassword(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) { return -1; }

WallTime ToWallTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string ToText(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

Status CheckTimes(const std::string& path, const X509& certificate, WallTime now) {
  const WallTime begins = ToWallTime(X509_get0_notBefore(&certificate));
  const WallTime ends = ToWallTime(X509_get0_notAfter(&certificate));
  if (now < begins) {
    return Wrong("certificate", path,
                 "is valid from " + ToText(begins) + " on, and it is " + ToText(now));
  }
  if (now < ends) return {};
  return Wrong("certificate", path, "has expired at " + ToText(ends));
}

Status UseCertificate(SSL_CTX& context, const std::string& path, const Text& text, WallTime now) {
  const auto reader = text.Reader();
  const Certificate own(PEM_read_bio_X509(reader.get(), nullptr, &NoPassword, nullptr));
  if (!own) return Wrong("certificate", path, "holds no certificate in PEM: " + Reason());
  if (const Status valid = CheckTimes(path, *own, now); !valid) return valid;
  if (SSL_CTX_use_certificate(&context, own.get()) != 1) {
    return Wrong("certificate", path, "cannot be used: " + Reason());
  }
  while (X509* const next = PEM_read_bio_X509(reader.get(), nullptr, &NoPassword, nullptr)) {
    if (SSL_CTX_add0_chain_cert(&context, next) == 1) continue;
    X509_free(next);
    return Wrong("certificate", path, "has a chain that cannot be used: " + Reason());
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_at_end) return Wrong("certificate", path, "has a broken chain: " + Reason());
  ERR_clear_error();
  return {};
}

Status UseKey(SSL_CTX& context, const TlsFiles& files, const Text& text) {
  const std::unique_ptr<EVP_PKEY, Deleter> key(
      PEM_read_bio_PrivateKey(text.Reader().get(), nullptr, &NoPassword, nullptr));
  if (!key) {
    const bool is_encrypted = text.bytes.find("ENCRYPTED") != std::string::npos;
    const std::string reason = Reason();
    return Wrong("key", files.key,
                 is_encrypted ? "is encrypted, expected one that needs no password"
                              : "holds no private key in PEM: " + reason);
  }
  // It compares the two by itself where it can.
  if (SSL_CTX_use_PrivateKey(&context, key.get()) == 1 &&
      SSL_CTX_check_private_key(&context) == 1) {
    return {};
  }
  ERR_clear_error();
  return Wrong("key", files.key, "does not belong to the certificate " + files.certificate);
}

Status UseClientCa(SSL_CTX& context, const std::string& path, const Text& text) {
  const auto reader = text.Reader();
  int count = 0;
  for (;; ++count) {
    const Certificate root(PEM_read_bio_X509(reader.get(), nullptr, &NoPassword, nullptr));
    if (!root) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), root.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, root.get()) != 1) {
      return Wrong("client CA", path, "cannot be used: " + Reason());
    }
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (count == 0 || !is_at_end) {
    return Wrong("client CA", path, "holds no certificate in PEM: " + Reason());
  }
  ERR_clear_error();
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Whoever comes again shows its certificate again.
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  return SSL_CTX_set_num_tickets(&context, 0) == 1 ? Status() : Wrong("client CA", path, Reason());
}

std::string TextOf(BIO& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(&bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// The certificates of a stack of OpenSSL's, one after the other.
bool Append(BIO& bio, const STACK_OF(X509) * certificates) {
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    if (PEM_write_bio_X509(&bio, sk_X509_value(certificates, i)) != 1) return false;
  }
  return true;
}

bool AppendRoots(BIO& bio, const SSL_CTX& context) {
  const STACK_OF(X509_OBJECT)* const all =
      X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context));
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
    X509* const root = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    if (root != nullptr && PEM_write_bio_X509(&bio, root) != 1) return false;
  }
  return true;
}

int AgreeOnHttp(SSL* /*connection*/, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned int offered_size, void* /*data*/) {
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kProtocols.data(), kProtocols.size(),
                                           offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Status SetRules(SSL_CTX& context) {
  // A client that just closes has ended its input, as over plain TCP: HTTP knows where a request
  // ends.
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);  // a lock; tickets need none
  SSL_CTX_set_read_ahead(&context, 1);                           // a record in one system call
  SSL_CTX_set_alpn_select_cb(&context, &AgreeOnHttp, nullptr);
  const bool is_set =
      SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(&context, kCiphers) == 1 &&
      SSL_CTX_set_ciphersuites(&context, kCiphers13) == 1 &&
      SSL_CTX_set1_groups_list(&context, kGroups) == 1 &&
      SSL_CTX_set_session_id_context(&context, kSessionsOf.data(), kSessionsOf.size()) == 1;
  if (is_set) return {};
  return Fail(ErrorCode::kInternal, "OpenSSL does not take the rules for TLS: " + Reason());
}

}  // namespace

void TlsDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsDeleter::operator()(ssl_st* connection) const { SSL_free(connection); }

Result<TlsContext> TlsContext::Load(const TlsFiles& files, WallTime now) {
  const auto fail = [](const Status& status) { return tl::unexpected<Error>(status.error()); };
  Text certificate;
  Text key;
  Text client_ca;
  if (Status read = Read("certificate", files.certificate, certificate); !read) return fail(read);
  if (Status read = Read("key", files.key, key); !read) return fail(read);
  if (!files.client_ca.empty()) {
    if (Status read = Read("client CA", files.client_ca, client_ca); !read) return fail(read);
  }
  ERR_clear_error();
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  if (!made.context_) return Fail(ErrorCode::kInternal, "OpenSSL has no context: " + Reason());
  SSL_CTX& context = *made.context_;
  if (Status set = SetRules(context); !set) return fail(set);
  if (Status used = UseCertificate(context, files.certificate, certificate, now); !used) {
    return fail(used);
  }
  if (Status used = UseKey(context, files, key); !used) return fail(used);
  if (!files.client_ca.empty()) {
    if (Status used = UseClientCa(context, files.client_ca, client_ca); !used) return fail(used);
  }
  made.expires_at_ = ToWallTime(X509_get0_notAfter(SSL_CTX_get0_certificate(&context)));
  made.key_is_open_ = (key.mode & S_IROTH) != 0;
  return made;
}

TlsTexts::~TlsTexts() { OPENSSL_cleanse(key.data(), key.size()); }

Result<TlsTexts> TlsContext::ToTexts() const {
  const std::unique_ptr<BIO, Deleter> chain(BIO_new(BIO_s_mem()));
  const std::unique_ptr<BIO, Deleter> key(BIO_new(BIO_s_secmem()));
  const std::unique_ptr<BIO, Deleter> roots(BIO_new(BIO_s_mem()));
  STACK_OF(X509)* others = nullptr;  // stays the context's
  SSL_CTX_get0_chain_certs(context_.get(), &others);
  const bool is_done =
      chain && key && roots &&
      PEM_write_bio_X509(chain.get(), SSL_CTX_get0_certificate(context_.get())) == 1 &&
      Append(*chain, others) &&
      PEM_write_bio_PrivateKey(key.get(), SSL_CTX_get0_privatekey(context_.get()), nullptr, nullptr,
                               0, nullptr, nullptr) == 1 &&
      AppendRoots(*roots, *context_);
  if (!is_done)
    return Fail(ErrorCode::kInternal, "OpenSSL cannot write a certificate: " + Reason());
  TlsTexts texts;
  texts.certificate = TextOf(*chain);
  texts.key = TextOf(*key);
  texts.client_ca = TextOf(*roots);
  return texts;
}

std::unique_ptr<ssl_st, TlsDeleter> TlsContext::Accept(int fd) const {
  std::unique_ptr<ssl_st, TlsDeleter> connection(SSL_new(context_.get()));
  BIO* const socket = connection ? NewSocketBio(fd) : nullptr;
  if (socket == nullptr) return nullptr;
  SSL_set_bio(connection.get(), socket, socket);
  SSL_set_accept_state(connection.get());
  return connection;
}

}  // namespace baton::net
