// Non-blocking reads and writes of one connection.
#include "server/net/tcp_connection.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace baton::net {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kKeptOutputBytes = 16 * 1024;  // more is given back once it is sent

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

void TcpConnection::Flush() {
  if (IsClosed()) return;
  const SteadyTime began = loop_.ReadClock();
  while (HasUnsent()) {
    const ssize_t n = send(fd_.get(), output_.data() + output_start_,
                           output_.size() - output_start_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) {
      OnBroken();
      return;
    }
    output_start_ += static_cast<std::size_t>(n);
    sent_bytes_ += static_cast<std::uint64_t>(n);
  }
  if (!HasUnsent()) {
    output_start_ = 0;
    output_.clear();
    if (output_.capacity() > kKeptOutputBytes) output_ = std::string();
  } else if (output_start_ >= kKeptOutputBytes && output_start_ >= output_.size() / 2) {
    // A peer that never takes the last byte must not make us keep all those before it.
    output_.erase(0, output_start_);
    output_start_ = 0;
  }
  UpdateInterest();
  OnFlushed(began);
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
