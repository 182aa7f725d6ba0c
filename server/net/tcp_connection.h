// One connected TCP socket on its loop: bytes in, bytes out, and how it ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/fd.h"
#include "server/net/event_loop.h"
#include "server/net/socket.h"

namespace baton::net {

// What comes in is handed on at once; what goes out is appended to output() and flushed, at once or
// at the end of the turn, and whatever the socket does not take waits for EPOLLOUT.
//
// Threads: the loop's.
// Owns: the socket. The object itself is retired to the loop after Close, never deleted inside a
// callback.
class TcpConnection : public IoHandler {
 public:
  TcpConnection(EventLoop& loop, UniqueFd fd);
  ~TcpConnection() override;

  // False when the loop cannot watch it: close it then.
  bool Start() BATON_REQUIRES(on_loop);

  void PauseReading() BATON_REQUIRES(on_loop);
  void ResumeReading() BATON_REQUIRES(on_loop);

  // Bytes appended here leave in order.
  std::string& output() { return output_; }
  void Flush() BATON_REQUIRES(on_loop);
  // Several answers of one turn leave in one write.
  void FlushAtEndOfTurn() BATON_REQUIRES(on_loop);

  // Counts since the connection began: when sent_bytes() reaches what queued_bytes() was after an
  // append, all of that append has been handed to the kernel.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t queued_bytes() const { return sent_bytes_ + (output_.size() - output_start_); }
  bool HasUnsent() const { return output_start_ < output_.size(); }

  // No more bytes from us; the peer sees the end once everything before has left.
  void ShutdownWrite();
  void Close() BATON_REQUIRES(on_loop);
  bool IsClosed() const { return !fd_.valid(); }
  // What the kernel knows by now, ahead of the events that the loop has not come to. One system
  // call.
  PeerState peer_state() const { return IsClosed() ? PeerState::kGone : ReadPeerState(fd_.get()); }

  void OnEvents(std::uint32_t events) final;

 protected:
  // Asked before each read of bytes. False: they stay in the kernel, and reading is paused. The end
  // of the input is read all the same, with what bytes came before it.
  virtual bool TakesBytes() const { return true; }
  // `bytes` live for the call.
  virtual void OnBytes(std::string_view bytes) BATON_REQUIRES(on_loop) = 0;
  // The peer will send no more; it may still read (a half-close).
  virtual void OnEndOfInput() BATON_REQUIRES(on_loop) = 0;
  // Reset, or gone in both directions. Nothing can be sent any more.
  virtual void OnBroken() BATON_REQUIRES(on_loop) = 0;
  // A write was tried; `at` is when it began.
  virtual void OnFlushed(SteadyTime at) BATON_REQUIRES(on_loop) = 0;

  EventLoop& loop() const { return loop_; }

 private:
  void ReadOrPause(std::uint32_t events) BATON_REQUIRES(on_loop);
  void ReadOnce() BATON_REQUIRES(on_loop);
  void UpdateInterest() BATON_REQUIRES(on_loop);

  // Set once.
  EventLoop& loop_;
  UniqueFd fd_;

  // Loop thread.
  std::string output_;
  std::size_t output_start_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint32_t interest_ = 0;
  bool wants_to_read_ = true;
  bool has_ended_input_ = false;
  bool flush_is_due_ = false;
};

}  // namespace baton::net
