// What becomes of the handshakes that a library does with OpenSSL by itself.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/net/transport.h"

namespace baton::net {

// By HandshakeOutcome. Threads: any.
using HandshakeCounts = std::array<std::atomic<std::uint64_t>, kHandshakeOutcomes>;

// One handshake, from the client's first message on. OpenSSL tells of it where the library calls
// it.
//
// Threads: any; `told` runs on the library's.
class WatchedHandshake {
 public:
  // Once each: the client's first message has been dealt with, which is the costly part, or never
  // will be; and all is over.
  enum class Step { kAnswered, kOver };
  // `work`: what kAnswered took. Called as long as OpenSSL has the connection.
  using Told = std::function<void(Step step, Duration work)>;

  WatchedHandshake(std::shared_ptr<HandshakeCounts> counts, Told told);
  ~WatchedHandshake();
  WatchedHandshake(const WatchedHandshake&) = delete;
  WatchedHandshake& operator=(const WatchedHandshake&) = delete;

  // Whether OpenSSL has been seen at it.
  bool is_watched() const { return is_watched_; }
  // Empty while it is under way. It is counted when it is over.
  std::optional<HandshakeOutcome> outcome() const BATON_EXCLUDES(mutex_);
  bool is_done() const BATON_EXCLUDES(mutex_);
  // What was agreed on, "TLSv1.3", once it is done.
  std::string Version() const BATON_EXCLUDES(mutex_);

  // What OpenSSL makes on this thread while one lives is watched as `handshake`.
  class Scope {
   public:
    explicit Scope(std::shared_ptr<WatchedHandshake> handshake);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

 private:
  friend struct HandshakeHooks;

  void OnHello(SteadyTime now) BATON_EXCLUDES(mutex_);
  void OnFinished(bool is_sent) BATON_EXCLUDES(mutex_);
  void OnAlert(bool is_sent, int description) BATON_EXCLUDES(mutex_);
  // Something has come, or goes, that is no alert: true when that means that it is done.
  bool IsConfirmed() const BATON_EXCLUDES(mutex_);
  void OnAnswered(SteadyTime now) BATON_EXCLUDES(mutex_);
  void OnDone(bool is_resumed, std::string version) BATON_EXCLUDES(mutex_);
  void OnGone() BATON_EXCLUDES(mutex_);
  void Decide(HandshakeOutcome outcome) BATON_REQUIRES(mutex_);

  const std::shared_ptr<HandshakeCounts> counts_;
  const Told told_;
  std::atomic<bool> is_watched_{false};

  mutable Mutex mutex_;
  std::optional<SteadyTime> hello_at_ BATON_GUARDED_BY(mutex_);
  bool is_answered_ BATON_GUARDED_BY(mutex_) = false;
  bool has_sent_finished_ BATON_GUARDED_BY(mutex_) = false;
  bool has_got_finished_ BATON_GUARDED_BY(mutex_) = false;
  std::optional<HandshakeOutcome> failure_ BATON_GUARDED_BY(mutex_);  // that an alert told of
  std::optional<HandshakeOutcome> outcome_ BATON_GUARDED_BY(mutex_);
  std::string version_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::net
