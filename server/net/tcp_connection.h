// One connected TCP socket on its loop: bytes in, bytes out, and how it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "server/base/fd.h"
#include "server/net/client_places.h"
#include "server/net/event_loop.h"
#include "server/net/handshake_queue.h"
#include "server/net/socket.h"
#include "server/net/transport.h"

namespace baton::net {

// How a connection is secured: not at all, or by `transport`, whose handshake takes its turns in
// `queue`.
struct Security {
  std::unique_ptr<Transport> transport;
  HandshakeQueue* queue = nullptr;
};

// What comes in is handed on at once; what goes out is appended to output() and flushed, at once or
// at the end of the turn, and whatever the socket does not take waits for EPOLLOUT. Files leave
// straight from the kernel's cache, a bounded part of them a turn: the fastest reader of the
// largest file does not hold the loop. Over a transport all of that holds for what it carries;
// bytes come and go once its handshake is done.
//
// Threads: the loop's. SIGPIPE is ignored by the process.
// Owns: the socket, and a share of each file until it is sent. The object itself is retired to the
// loop after Close, never deleted inside a callback.
// Cost: what waits of a file takes no memory.
class TcpConnection : public IoHandler, private HandshakeQueue::Waiting {
 public:
  TcpConnection(EventLoop& loop, UniqueFd fd, Security security = {});
  ~TcpConnection() override;

  // False when the loop cannot watch it: close it then.
  bool Start() BATON_REQUIRES(on_loop);

  void PauseReading() BATON_REQUIRES(on_loop);
  void ResumeReading() BATON_REQUIRES(on_loop);

  // Bytes appended here leave in order.
  std::string& output() {
    if (output_.empty()) output_ = loop_.spare_buffers().Take();
    return output_;
  }
  // So do `size` bytes of `file` from `offset` on, behind everything appended so far. A file that
  // turns out to be shorter, or cannot be read, breaks the connection (OnFileFailed).
  void AppendFile(std::shared_ptr<const UniqueFd> file, std::uint64_t offset, std::uint64_t size);
  void Flush() BATON_REQUIRES(on_loop);
  // Several answers of one turn leave in one write.
  void FlushAtEndOfTurn() BATON_REQUIRES(on_loop);

  // Counts since the connection began: when sent_bytes() reaches what queued_bytes() was after an
  // append, all of that append has been handed to the kernel.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t queued_bytes() const {
    return sent_bytes_ + unsent_memory_bytes() + unsent_file_bytes_;
  }
  std::size_t unsent_memory_bytes() const { return output_.size() - output_start_; }
  bool HasUnsent() const { return output_start_ < output_.size() || !files_.empty(); }

  // No more bytes from us; the peer sees the end once everything before has left.
  void ShutdownWrite();
  void Close() BATON_REQUIRES(on_loop);
  bool IsClosed() const { return !fd_.valid(); }
  bool IsShakingHands() const { return is_shaking_hands_; }
  // What the kernel knows by now, ahead of the events that the loop has not come to. One system
  // call.
  PeerState peer_state() const { return IsClosed() ? PeerState::kGone : ReadPeerState(fd_.get()); }
  // Who is connected. One system call. Requires: it is not closed.
  ClientAddress client() const { return ReadClientAddress(fd_.get()); }

  // The same as "127.0.0.1:51344".
  std::string client_text() const { return PeerText(fd_.get()); }
  // "TLSv1.3"; empty without, or before the end of the handshake.
  std::string tls_version() const { return transport_ ? transport_->Version() : std::string(); }

  // Names in the certificate that the peer showed; none without.
  std::vector<std::string> peer_names() const {
    return transport_ ? transport_->PeerNames() : std::vector<std::string>();
  }

  void OnEvents(std::uint32_t events) final;

 protected:
  // Asked before each read of bytes. False: they stay in the kernel, and reading is paused. The end
  // of the input is read all the same, with what bytes came before it.
  virtual bool TakesBytes() const { return true; }
  // Asked behind it: where the next bytes are read to, none for a buffer of the loop's.
  virtual std::span<char> RoomForBytes() BATON_REQUIRES(on_loop) { return {}; }
  // `bytes` live for the call; they begin where RoomForBytes() does, if it gave any.
  virtual void OnBytes(std::string_view bytes) BATON_REQUIRES(on_loop) = 0;
  // The peer will send no more; it may still read (a half-close).
  virtual void OnEndOfInput() BATON_REQUIRES(on_loop) = 0;
  // Reset, or gone in both directions. Nothing can be sent any more.
  virtual void OnBroken() BATON_REQUIRES(on_loop) = 0;
  // What was appended of a file is not there any more, or the disk does not give it: the peer must
  // not take what it got for all of it. Only closing is left.
  virtual void OnFileFailed() BATON_REQUIRES(on_loop) { OnBroken(); }
  // Requests may come from now on.
  virtual void OnHandshakeDone() BATON_REQUIRES(on_loop) {}
  // What is appended now leaves without the transport, and nothing but closing is left after it.
  virtual void OnHandshakeFailed(HandshakeOutcome /*outcome*/) BATON_REQUIRES(on_loop) {
    OnBroken();
  }
  // A write was tried; `at` is when it began.
  virtual void OnFlushed(SteadyTime at) BATON_REQUIRES(on_loop) = 0;

  EventLoop& loop() const { return loop_; }

 private:
  struct FileRange {
    std::shared_ptr<const UniqueFd> file;
    off_t offset;             // of its next byte
    std::uint64_t size;       // from there on
    std::uint64_t starts_at;  // its turn comes when so much has been sent
  };

  void ReadOrPause(std::uint32_t events) BATON_REQUIRES(on_loop);
  void ReadOnce() BATON_REQUIRES(on_loop);
  void ReadAgainSoon() BATON_REQUIRES(on_loop);
  std::uint32_t WantedEvents() const;
  void UpdateInterest() BATON_REQUIRES(on_loop);
  void QueueHandshake() BATON_REQUIRES(on_loop);
  void TakeHandshakeStep() override;
  void LeaveTransport() BATON_REQUIRES(on_loop);
  ssize_t Receive(std::span<char> room);
  bool IsFilesTurn() const { return !files_.empty() && files_.front().starts_at <= sent_bytes_; }
  // As send(2) does, and account for what it took; `file_allowance` is lowered by what was a
  // file's.
  ssize_t SendNext(std::size_t& file_allowance);
  ssize_t SendMemory();
  ssize_t SendFile(std::size_t at_most);
  ssize_t SendFileThroughTransport(const FileRange& range, std::size_t at_most);
  void ForgetSentMemory();

  // Set once.
  EventLoop& loop_;
  UniqueFd fd_;
  HandshakeQueue* const handshakes_;

  // Loop thread.
  std::string output_;
  std::size_t output_start_ = 0;
  std::vector<FileRange> files_;  // between the bytes of output_, in order
  std::uint64_t unsent_file_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint32_t interest_ = 0;
  bool wants_to_read_ = true;
  bool has_ended_input_ = false;
  bool flush_is_due_ = false;
  std::unique_ptr<Transport> transport_;  // null: the bare socket
  bool is_shaking_hands_ = false;
  bool has_begun_handshake_ = false;
  std::uint32_t handshake_waits_for_ = 0;  // epoll's mask; 0 while it is in the queue
  HandshakeQueue::Place handshake_place_;
  bool reads_again_ = false;  // soon, without an event
  EventLoop::TimerId read_again_;
};

}  // namespace baton::net
