// A connection's bytes through OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/metrics/registry.h"
#include "server/net/tls/tls_context.h"
#include "server/net/tls/tls_metrics.h"
#include "server/net/transport.h"

namespace baton::net {

// The server's end of one TLS connection. Every one ends its handshake in one outcome, and counts
// it.
//
// Threads: one at a time, whose `shard` it is.
class TlsTransport final : public Transport {
 public:
  // Over the socket `fd`, which outlives it; nothing is made of it before the first Handshake.
  TlsTransport(int fd, std::shared_ptr<const TlsContext> context, const TlsMetrics& metrics,
               metrics::Shard& shard);
  ~TlsTransport() override;

  Progress Handshake() override;
  HandshakeOutcome outcome() const override { return outcome_; }
  std::string Version() const override;
  std::vector<std::string> PeerNames() const override;
  ssize_t Receive(std::span<char> room) override;
  ssize_t Send(std::string_view bytes) override;
  bool HasUnread() const override { return has_unread_; }
  bool ReadingWaitsForRoom() const override { return reading_waits_for_room_; }
  void EndOutput() override;

 private:
  enum class Stage { kHandshake, kOpen, kBroken };

  // False when memory is short.
  bool Begin();
  void Decide(HandshakeOutcome outcome);
  // As errno: EAGAIN, or what ended the connection.
  int ReasonToStop(int result);

  const int fd_;
  std::shared_ptr<const TlsContext> context_;  // until the first Handshake
  std::unique_ptr<ssl_st, TlsDeleter> connection_;
  const TlsMetrics& metrics_;
  metrics::Shard& shard_;
  Stage stage_ = Stage::kHandshake;
  HandshakeOutcome outcome_ = HandshakeOutcome::kAbandoned;
  bool is_decided_ = false;
  bool has_unread_ = false;
  bool reading_waits_for_room_ = false;
};

}  // namespace baton::net
