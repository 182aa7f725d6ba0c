// Non-blocking reads and writes of one connection.
#include "server/net/tcp_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <utility>

namespace baton::net {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kForgottenBytes = 16 * 1024;  // sent ones in front of the others
constexpr std::size_t kFileBytesPerFlush = 128 * 1024;

// Of what sendfile(2) may say; all else is about the file.
bool IsAboutSocket(int error) {
  switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ENOBUFS: return true;
    default: return false;
  }
}

}  // namespace

TcpConnection::TcpConnection(EventLoop& loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}

TcpConnection::~TcpConnection() = default;

bool TcpConnection::Start() {
  interest_ = EPOLLIN | EPOLLRDHUP;
  return loop_.Watch(fd_.get(), interest_, *this) == 0;
}

void TcpConnection::PauseReading() {
  wants_to_read_ = false;
  UpdateInterest();
}

void TcpConnection::ResumeReading() {
  wants_to_read_ = true;
  UpdateInterest();
}

void TcpConnection::OnEvents(std::uint32_t events) {
  loop_.AssertOnLoop();
  if (IsClosed()) return;  // closed earlier in this turn
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    OnBroken();
    return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && wants_to_read_) ReadOrPause(events);
  if ((events & EPOLLOUT) != 0 && !IsClosed()) Flush();
}

void TcpConnection::ReadOrPause(std::uint32_t events) {
  if ((events & EPOLLRDHUP) != 0 || TakesBytes()) {
    ReadOnce();
  } else {
    PauseReading();
  }
}

// One read an event: what is left is reported again, after the other connections had their turn.
void TcpConnection::ReadOnce() {
  thread_local std::array<char, kReadBytes> buffer;
  const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (n > 0) {
    OnBytes(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  } else if (n == 0) {
    has_ended_input_ = true;
    UpdateInterest();  // level-triggered: it would be reported for ever
    OnEndOfInput();
  } else if (errno != EAGAIN && errno != EINTR) {
    OnBroken();
  }
}

void TcpConnection::AppendFile(std::shared_ptr<const UniqueFd> file, std::uint64_t offset,
                               std::uint64_t size) {
  if (size == 0) return;
  files_.push_back(FileRange{std::move(file), static_cast<off_t>(offset), size, queued_bytes()});
  unsent_file_bytes_ += size;
}

void TcpConnection::Flush() {
  if (IsClosed()) return;
  const SteadyTime began = loop_.ReadClock();
  std::size_t file_allowance = kFileBytesPerFlush;
  while (HasUnsent() && file_allowance > 0) {
    const ssize_t n = SendNext(file_allowance);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n == 0 || (n < 0 && IsFilesTurn() && !IsAboutSocket(errno))) {
      OnFileFailed();
      return;
    }
    if (n < 0) {
      OnBroken();
      return;
    }
  }
  ForgetSentMemory();
  UpdateInterest();  // what is left of a file goes on when the socket takes more, in a later turn
  OnFlushed(began);
}

ssize_t TcpConnection::SendNext(std::size_t& file_allowance) {
  const bool is_files_turn = IsFilesTurn();
  const ssize_t n = is_files_turn ? SendFile(file_allowance) : SendMemory();
  if (n <= 0) return n;
  sent_bytes_ += static_cast<std::uint64_t>(n);
  if (is_files_turn) file_allowance -= static_cast<std::size_t>(n);
  return n;
}

// A head and the file behind it travel in one packet where they fit.
ssize_t TcpConnection::SendMemory() {
  const bool has_file_behind = !files_.empty();
  const std::size_t size = has_file_behind
                               ? static_cast<std::size_t>(files_.front().starts_at - sent_bytes_)
                               : unsent_memory_bytes();
  const ssize_t n = send(fd_.get(), output_.data() + output_start_, size,
                         has_file_behind ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
  if (n > 0) output_start_ += static_cast<std::size_t>(n);
  return n;
}

ssize_t TcpConnection::SendFile(std::size_t at_most) {
  FileRange& range = files_.front();
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(range.size, at_most));
  const ssize_t n = sendfile(fd_.get(), range.file->get(), &range.offset, size);
  if (n <= 0) return n;
  range.size -= static_cast<std::uint64_t>(n);
  unsent_file_bytes_ -= static_cast<std::uint64_t>(n);
  if (range.size == 0) files_.erase(files_.begin());
  return n;
}

void TcpConnection::ForgetSentMemory() {
  if (output_start_ == output_.size()) {
    output_start_ = 0;
    loop_.spare_buffers().GiveBack(output_);
  } else if (output_start_ >= kForgottenBytes && output_start_ >= output_.size() / 2) {
    // A peer that never takes the last byte must not make us keep all those before it.
    output_.erase(0, output_start_);
    output_start_ = 0;
  }
}

void TcpConnection::FlushAtEndOfTurn() {
  if (flush_is_due_) return;
  flush_is_due_ = true;
  loop_.AtEndOfTurn([this] {
    loop_.AssertOnLoop();
    flush_is_due_ = false;
    Flush();
  });
}

void TcpConnection::ShutdownWrite() { shutdown(fd_.get(), SHUT_WR); }

void TcpConnection::Close() {
  if (IsClosed()) return;
  loop_.Unwatch(fd_.get());
  fd_.Reset();
  files_.clear();
}

void TcpConnection::UpdateInterest() {
  if (IsClosed()) return;
  std::uint32_t wanted = 0;
  if (wants_to_read_ && !has_ended_input_) wanted |= EPOLLIN | EPOLLRDHUP;
  if (HasUnsent()) wanted |= EPOLLOUT;
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_.Rewatch(fd_.get(), wanted, *this);
}

}  // namespace baton::net
