// OpenSSL tells of each connection that is made and freed, and of the messages of its handshake.
#include "server/net/tls/handshake_watch.h"

#include <chrono>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include "server/base/check.h"

namespace baton::net {
namespace {

thread_local std::shared_ptr<WatchedHandshake> of_this_thread;

SteadyTime Now() { return std::chrono::steady_clock::now(); }

HandshakeOutcome OutcomeOfSentAlert(int description, bool is_answered, bool has_hello) {
  switch (description) {
    case SSL3_AD_NO_CERTIFICATE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED: return HandshakeOutcome::kClientCertificate;
    case SSL_AD_HANDSHAKE_FAILURE:  // TLS 1.2 says the same of a certificate that did not come
      return is_answered ? HandshakeOutcome::kClientCertificate
                         : HandshakeOutcome::kNothingInCommon;
    case SSL_AD_PROTOCOL_VERSION:  // also of bytes that are no TLS
    case SSL_AD_INSUFFICIENT_SECURITY:
    case SSL_AD_INAPPROPRIATE_FALLBACK:
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return has_hello ? HandshakeOutcome::kNothingInCommon : HandshakeOutcome::kBroken;
    default: return HandshakeOutcome::kBroken;
  }
}

}  // namespace

// What OpenSSL calls.
struct HandshakeHooks {
  using Handle = std::shared_ptr<WatchedHandshake>;

  static int Index() {
    static const int index =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nullptr, &OnMade, nullptr, &OnFreed);
    return index;
  }

  static void OnMade(void* parent, void* /*ptr*/, CRYPTO_EX_DATA* data, int index, long /*argl*/,
                     void* /*argp*/) {
    if (of_this_thread == nullptr) return;
    auto* const handle = new Handle(of_this_thread);
    if (CRYPTO_set_ex_data(data, index, handle) != 1) {
      delete handle;
      return;
    }
    of_this_thread->is_watched_ = true;
    SSL* const connection = static_cast<SSL*>(parent);
    SSL_set_msg_callback(connection, &OnMessage);
    SSL_set_msg_callback_arg(connection, handle);
  }

  static void OnFreed(void* /*parent*/, void* ptr, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                      long /*argl*/, void* /*argp*/) {
    const std::unique_ptr<Handle> handle(static_cast<Handle*>(ptr));
    if (handle) (*handle)->OnGone();
  }

  static void OnMessage(int is_sent, int /*version*/, int type, const void* bytes, std::size_t size,
                        SSL* connection, void* of) {
    WatchedHandshake& handshake = **static_cast<Handle*>(of);
    const auto* const text = static_cast<const unsigned char*>(bytes);
    if (type == SSL3_RT_HANDSHAKE && size > 0 && OnHandshake(handshake, is_sent == 1, text[0])) {
      return;
    }
    if (type == SSL3_RT_ALERT && size >= 2) {
      handshake.OnAlert(is_sent == 1, text[1]);
    } else if (IsMore(*connection, type, size > 0 ? text[0] : 0) && handshake.IsConfirmed()) {
      SSL_set_msg_callback(connection, nullptr);  // what follows costs no more than ever
      handshake.OnDone(SSL_session_reused(connection) == 1, SSL_get_version(connection));
    }
  }

  // Not the record of an alert, which is told of before the alert.
  static bool IsMore(const SSL& connection, int type, unsigned char of) {
    const bool is_sealed = SSL_version(&connection) >= TLS1_3_VERSION;
    const int record = is_sealed ? SSL3_RT_INNER_CONTENT_TYPE : SSL3_RT_HEADER;
    return type == SSL3_RT_HANDSHAKE || (type == record && of != SSL3_RT_ALERT);
  }

  // True for those that belong to it on either side.
  static bool OnHandshake(WatchedHandshake& handshake, bool is_sent, unsigned char message) {
    switch (message) {
      case SSL3_MT_CLIENT_HELLO:
        if (!is_sent) handshake.OnHello(Now());
        return true;
      case SSL3_MT_SERVER_DONE:
        if (is_sent) handshake.OnAnswered(Now());
        return true;
      case SSL3_MT_FINISHED:
        handshake.OnFinished(is_sent);
        if (is_sent) handshake.OnAnswered(Now());
        return true;
      default: return false;
    }
  }
};

WatchedHandshake::WatchedHandshake(std::shared_ptr<HandshakeCounts> counts, Told told)
    : counts_(std::move(counts)), told_(std::move(told)) {
  static_cast<void>(HandshakeHooks::Index());
}

WatchedHandshake::~WatchedHandshake() = default;

std::optional<HandshakeOutcome> WatchedHandshake::outcome() const {
  MutexLock lock(mutex_);
  return outcome_;
}

bool WatchedHandshake::is_done() const {
  MutexLock lock(mutex_);
  return outcome_ == HandshakeOutcome::kFull || outcome_ == HandshakeOutcome::kResumed;
}

std::string WatchedHandshake::Version() const {
  MutexLock lock(mutex_);
  return version_;
}

void WatchedHandshake::Decide(HandshakeOutcome outcome) {
  outcome_ = outcome;
  ++(*counts_)[static_cast<std::size_t>(outcome)];
}

void WatchedHandshake::OnHello(SteadyTime now) {
  MutexLock lock(mutex_);
  if (!hello_at_) hello_at_ = now;
}

void WatchedHandshake::OnFinished(bool is_sent) {
  MutexLock lock(mutex_);
  (is_sent ? has_sent_finished_ : has_got_finished_) = true;
}

void WatchedHandshake::OnAlert(bool is_sent, int description) {
  MutexLock lock(mutex_);
  if (failure_) return;
  if (is_sent) {
    failure_ = OutcomeOfSentAlert(description, is_answered_, hello_at_.has_value());
  } else {
    const bool leaves = description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED;
    failure_ = leaves ? HandshakeOutcome::kAbandoned : HandshakeOutcome::kRefusedByClient;
  }
}

// A Finished is told of before it has been checked: an alert follows where it is wrong.
bool WatchedHandshake::IsConfirmed() const {
  MutexLock lock(mutex_);
  return has_sent_finished_ && has_got_finished_ && !failure_ && !outcome_;
}

void WatchedHandshake::OnAnswered(SteadyTime now) {
  Duration work = Duration::zero();
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_answered_, true)) return;
    if (hello_at_) work = now - *hello_at_;
  }
  told_(Step::kAnswered, work);
}

void WatchedHandshake::OnDone(bool is_resumed, std::string version) {
  {
    MutexLock lock(mutex_);
    version_ = std::move(version);
    Decide(is_resumed ? HandshakeOutcome::kResumed : HandshakeOutcome::kFull);
  }
  told_(Step::kOver, Duration::zero());
}

void WatchedHandshake::OnGone() {
  OnAnswered(Now());
  {
    MutexLock lock(mutex_);
    if (outcome_) return;
    Decide(failure_.value_or(HandshakeOutcome::kAbandoned));
  }
  told_(Step::kOver, Duration::zero());
}

WatchedHandshake::Scope::Scope(std::shared_ptr<WatchedHandshake> handshake) {
  BATON_CHECK(of_this_thread == nullptr);
  of_this_thread = std::move(handshake);
}

WatchedHandshake::Scope::~Scope() { of_this_thread.reset(); }

}  // namespace baton::net
