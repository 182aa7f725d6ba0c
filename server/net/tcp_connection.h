// One connected TCP socket on its loop: bytes in, bytes out, and how it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "server/base/fd.h"
#include "server/net/client_places.h"
#include "server/net/event_loop.h"
#include "server/net/socket.h"

namespace baton::net {

// What comes in is handed on at once; what goes out is appended to output() and flushed, at once or
// at the end of the turn, and whatever the socket does not take waits for EPOLLOUT. Files leave
// straight from the kernel's cache, a bounded part of them a turn: the fastest reader of the
// largest file does not hold the loop.
//
// Threads: the loop's. SIGPIPE is ignored by the process.
// Owns: the socket, and a share of each file until it is sent. The object itself is retired to the
// loop after Close, never deleted inside a callback.
// Cost: what waits of a file takes no memory.
class TcpConnection : public IoHandler {
 public:
  TcpConnection(EventLoop& loop, UniqueFd fd);
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
  // What the kernel knows by now, ahead of the events that the loop has not come to. One system
  // call.
  PeerState peer_state() const { return IsClosed() ? PeerState::kGone : ReadPeerState(fd_.get()); }
  // Who is connected. One system call. Requires: it is not closed.
  ClientAddress client() const { return ReadClientAddress(fd_.get()); }

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
  // What was appended of a file is not there any more, or the disk does not give it: the peer must
  // not take what it got for all of it. Only closing is left.
  virtual void OnFileFailed() BATON_REQUIRES(on_loop) { OnBroken(); }
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
  void UpdateInterest() BATON_REQUIRES(on_loop);
  bool IsFilesTurn() const { return !files_.empty() && files_.front().starts_at <= sent_bytes_; }
  // As send(2) does, and account for what it took; `file_allowance` is lowered by what was a
  // file's.
  ssize_t SendNext(std::size_t& file_allowance);
  ssize_t SendMemory();
  ssize_t SendFile(std::size_t at_most);
  void ForgetSentMemory();

  // Set once.
  EventLoop& loop_;
  UniqueFd fd_;

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
};

}  // namespace baton::net
