// What a connection's bytes travel through where that is not the bare socket.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace baton::net {

// What became of a handshake; also the `outcome` label of baton_tls_handshakes_total.
enum class HandshakeOutcome {
  kFull,
  kResumed,            // with a ticket of an earlier one
  kPlainHttp,          // the client speaks HTTP without TLS
  kNothingInCommon,    // no version, cipher or protocol that both sides have
  kClientCertificate,  // none, or not one that is trusted
  kRefusedByClient,    // it sent an alert: most likely it does not trust our certificate
  kBroken,             // anything else that the client got wrong
  kAbandoned,          // it left, or took too long
};
inline constexpr std::size_t kHandshakeOutcomes = 8;

// Bytes of a connection, through a non-blocking socket that outlives it. Plain sockets do without:
// a transport is asked where there is one.
//
// Threads: one at a time.
class Transport {
 public:
  enum class Progress { kDone, kWantsToRead, kWantsToWrite, kFailed };

  virtual ~Transport() = default;

  // Goes on with the handshake as far as the socket allows. Nothing else is called before kDone.
  virtual Progress Handshake() = 0;
  // kAbandoned until Handshake says kDone or kFailed; who is to be told of a failure has been told.
  virtual HandshakeOutcome outcome() const = 0;

  // What was agreed on, "TLSv1.3", once the handshake is done.
  virtual std::string Version() const = 0;

  // What the certificate calls the other end that it showed and that was checked, the subject's
  // names first; empty where it was asked for none.
  virtual std::vector<std::string> PeerNames() const = 0;

  // As recv(2) and send(2). Send is called again with the same bytes, or more behind them, until
  // they are taken.
  virtual ssize_t Receive(std::span<char> room) = 0;
  virtual ssize_t Send(std::string_view bytes) = 0;
  // Whether the next Receive has something to say that the socket will not announce.
  virtual bool HasUnread() const = 0;
  // Whether Receive waits for the socket to take bytes.
  virtual bool ReadingWaitsForRoom() const = 0;
  // Tells the peer that no more bytes come. Requires: all before were taken.
  virtual void EndOutput() = 0;
};

}  // namespace baton::net
