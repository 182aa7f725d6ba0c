// OpenSSL's results as those of system calls.
#include "server/net/tls/tls_transport.h"

#include <cerrno>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "server/net/tls/certificate_names.h"

namespace baton::net {
namespace {

HandshakeOutcome ToOutcome(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return HandshakeOutcome::kPlainHttp;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_NO_APPLICATION_PROTOCOL: return HandshakeOutcome::kNothingInCommon;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return HandshakeOutcome::kClientCertificate;
    default:
      return reason >= SSL_AD_REASON_OFFSET && reason < ERR_R_FATAL
                 ? HandshakeOutcome::kRefusedByClient
                 : HandshakeOutcome::kBroken;
  }
}

}  // namespace

TlsTransport::TlsTransport(int fd, std::shared_ptr<const TlsContext> context,
                           const TlsMetrics& metrics, metrics::Shard& shard)
    : fd_(fd), context_(std::move(context)), metrics_(metrics), shard_(shard) {}

TlsTransport::~TlsTransport() {
  if (!is_decided_) Decide(HandshakeOutcome::kAbandoned);
}

void TlsTransport::Decide(HandshakeOutcome outcome) {
  is_decided_ = true;
  outcome_ = outcome;
  shard_.Add(metrics_.handshakes[static_cast<std::size_t>(outcome)]);
}

bool TlsTransport::Begin() {
  connection_ = context_->Accept(fd_);
  context_.reset();
  return connection_ != nullptr;
}

Transport::Progress TlsTransport::Handshake() {
  ERR_clear_error();
  if (context_ && !Begin()) {
    Decide(HandshakeOutcome::kBroken);
    return Progress::kFailed;
  }
  const int result = SSL_do_handshake(connection_.get());
  if (result == 1) {
    stage_ = Stage::kOpen;
    has_unread_ = SSL_has_pending(connection_.get()) == 1;
    Decide(SSL_session_reused(connection_.get()) == 1 ? HandshakeOutcome::kResumed
                                                      : HandshakeOutcome::kFull);
    return Progress::kDone;
  }
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ: return Progress::kWantsToRead;
    case SSL_ERROR_WANT_WRITE: return Progress::kWantsToWrite;
    case SSL_ERROR_SSL: Decide(ToOutcome(ERR_GET_REASON(ERR_peek_error()))); break;
    default: Decide(HandshakeOutcome::kAbandoned);
  }
  stage_ = Stage::kBroken;
  ERR_clear_error();
  return Progress::kFailed;
}

// What OpenSSL waits for is asked first: the thread's queue of errors, which SSL_get_error looks
// into, may hold somebody else's, and emptying it before each call would cost more than the call.
int TlsTransport::ReasonToStop(int result) {
  const int system = errno;
  SSL* const connection = connection_.get();
  if (SSL_want_read(connection) || SSL_want_write(connection)) return EAGAIN;
  const int error = SSL_get_error(connection, result);
  ERR_clear_error();
  stage_ = Stage::kBroken;
  return error == SSL_ERROR_SYSCALL && system != 0 ? system : EPROTO;
}

std::string TlsTransport::Version() const {
  return stage_ == Stage::kOpen ? SSL_get_version(connection_.get()) : "";
}

std::vector<std::string> TlsTransport::PeerNames() const {
  if (stage_ != Stage::kOpen || SSL_get_verify_result(connection_.get()) != X509_V_OK) return {};
  const X509* const certificate = SSL_get0_peer_certificate(connection_.get());
  return certificate == nullptr ? std::vector<std::string>() : NamesIn(*certificate);
}

// Records until the room is full or no more is there: one of them is 16 KiB at most.
ssize_t TlsTransport::Receive(std::span<char> room) {
  SSL* const connection = connection_.get();
  std::size_t taken = 0;
  bool is_more_there = true;
  int result = 1;
  while (taken < room.size() && is_more_there && result == 1) {
    std::size_t n = 0;
    result = SSL_read_ex(connection, room.data() + taken, room.size() - taken, &n);
    taken += n;
    is_more_there = SSL_has_pending(connection) == 1;
  }
  reading_waits_for_room_ = SSL_want_write(connection);
  const bool is_stopped = result != 1 && !SSL_want_read(connection) && !reading_waits_for_room_;
  // The end, or what broke it, is said again.
  has_unread_ = taken > 0 && (is_stopped || (result == 1 && is_more_there));
  if (taken > 0) return static_cast<ssize_t>(taken);
  if (SSL_get_error(connection, result) == SSL_ERROR_ZERO_RETURN) return 0;
  errno = ReasonToStop(result);
  return -1;
}

ssize_t TlsTransport::Send(std::string_view bytes) {
  std::size_t n = 0;
  const int result = SSL_write_ex(connection_.get(), bytes.data(), bytes.size(), &n);
  if (result == 1) return static_cast<ssize_t>(n);
  errno = ReasonToStop(result);
  return -1;
}

void TlsTransport::EndOutput() {
  if (stage_ != Stage::kOpen) return;
  ERR_clear_error();
  SSL_shutdown(connection_.get());
  ERR_clear_error();
}

}  // namespace baton::net
