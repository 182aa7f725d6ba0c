// Non-blocking reads and writes of one connection.
#include "server/net/tcp_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace baton::net {
namespace {

constexpr std::size_t kReadBytes = 128 * 1024;
constexpr std::size_t kForgottenBytes = 16 * 1024;  // sent ones in front of the others
constexpr std::size_t kFileBytesPerFlush = 128 * 1024;
constexpr std::size_t kFilePieceBytes = 16 * 1024;  // what a transport takes at once

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

TcpConnection::TcpConnection(EventLoop& loop, UniqueFd fd, Security security)
    : loop_(loop),
      fd_(std::move(fd)),
      handshakes_(security.queue),
      transport_(std::move(security.transport)),
      is_shaking_hands_(transport_ != nullptr),
      handshake_waits_for_(EPOLLIN | EPOLLRDHUP) {}

TcpConnection::~TcpConnection() = default;

bool TcpConnection::Start() {
  interest_ = WantedEvents();
  return loop_.Watch(fd_.get(), interest_, *this) == 0;
}

void TcpConnection::PauseReading() {
  wants_to_read_ = false;
  UpdateInterest();
}

void TcpConnection::ResumeReading() {
  wants_to_read_ = true;
  UpdateInterest();
  if (transport_ && !is_shaking_hands_ && transport_->HasUnread()) ReadAgainSoon();
}

void TcpConnection::OnEvents(std::uint32_t events) {
  loop_.AssertOnLoop();
  if (IsClosed()) return;  // closed earlier in this turn
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    OnBroken();
    return;
  }
  if (is_shaking_hands_) {
    QueueHandshake();
    return;
  }
  std::uint32_t readable = EPOLLIN | EPOLLRDHUP;
  if (transport_ && transport_->ReadingWaitsForRoom()) readable |= EPOLLOUT;
  if ((events & readable) != 0 && wants_to_read_) ReadOrPause(events);
  if ((events & EPOLLOUT) != 0 && !IsClosed()) Flush();
}

// Out of epoll's sight until its turn, so that those who wait cost nothing.
void TcpConnection::QueueHandshake() {
  if (handshake_waits_for_ == 0) return;
  handshake_waits_for_ = 0;
  UpdateInterest();
  handshake_place_ = handshakes_->Add(*this);
}

void TcpConnection::TakeHandshakeStep() {
  loop_.AssertOnLoop();
  handshake_waits_for_ = EPOLLIN | EPOLLRDHUP;
  // Who hung up before it began would cost as much as who stays.
  const bool has_left =
      !std::exchange(has_begun_handshake_, true) && peer_state() != PeerState::kThere;
  switch (has_left ? Transport::Progress::kFailed : transport_->Handshake()) {
    case Transport::Progress::kWantsToRead: break;
    case Transport::Progress::kWantsToWrite: handshake_waits_for_ = EPOLLOUT; break;
    case Transport::Progress::kDone:
      is_shaking_hands_ = false;
      OnHandshakeDone();
      if (!IsClosed() && transport_->HasUnread()) ReadAgainSoon();
      break;
    case Transport::Progress::kFailed: {
      const HandshakeOutcome outcome = transport_->outcome();
      is_shaking_hands_ = false;
      transport_.reset();
      OnHandshakeFailed(outcome);
      break;
    }
  }
  UpdateInterest();
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
  std::span<char> room = RoomForBytes();
  if (room.empty()) room = buffer;
  const ssize_t n = Receive(room);
  if (n > 0) {
    OnBytes(std::string_view(room.data(), static_cast<std::size_t>(n)));
    if (transport_ && wants_to_read_ && transport_->HasUnread()) ReadAgainSoon();
  } else if (n == 0) {
    has_ended_input_ = true;
    UpdateInterest();  // level-triggered: it would be reported for ever
    OnEndOfInput();
  } else if (errno != EAGAIN && errno != EINTR) {
    OnBroken();
  } else if (transport_) {
    UpdateInterest();
  }
}

ssize_t TcpConnection::Receive(std::span<char> room) {
  return transport_ ? transport_->Receive(room) : recv(fd_.get(), room.data(), room.size(), 0);
}

// What the transport has in hand is no event of the socket; the other connections come first all
// the same.
void TcpConnection::ReadAgainSoon() {
  if (reads_again_ || IsClosed()) return;
  reads_again_ = true;
  read_again_ = loop_.RunAt(loop_.Now(), [this] {
    loop_.AssertOnLoop();
    reads_again_ = false;
    if (wants_to_read_ && !has_ended_input_) ReadOrPause(0);
  });
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
  const char* const next = output_.data() + output_start_;
  const ssize_t n = transport_ ? transport_->Send(std::string_view(next, size))
                               : send(fd_.get(), next, size,
                                      has_file_behind ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
  if (n > 0) output_start_ += static_cast<std::size_t>(n);
  return n;
}

ssize_t TcpConnection::SendFile(std::size_t at_most) {
  FileRange& range = files_.front();
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(range.size, at_most));
  const ssize_t n = transport_ ? SendFileThroughTransport(range, size)
                               : sendfile(fd_.get(), range.file->get(), &range.offset, size);
  if (n <= 0) return n;
  if (transport_) range.offset += n;
  range.size -= static_cast<std::uint64_t>(n);
  unsent_file_bytes_ -= static_cast<std::uint64_t>(n);
  if (range.size == 0) files_.erase(files_.begin());
  return n;
}

ssize_t TcpConnection::SendFileThroughTransport(const FileRange& range, std::size_t at_most) {
  thread_local std::array<char, kFilePieceBytes> piece;
  const ssize_t n =
      pread(range.file->get(), piece.data(), std::min(piece.size(), at_most), range.offset);
  if (n <= 0) return n;
  return transport_->Send(std::string_view(piece.data(), static_cast<std::size_t>(n)));
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

void TcpConnection::ShutdownWrite() {
  if (transport_) transport_->EndOutput();
  shutdown(fd_.get(), SHUT_WR);
}

void TcpConnection::Close() {
  if (IsClosed()) return;
  loop_.Unwatch(fd_.get());
  LeaveTransport();
  fd_.Reset();
  files_.clear();
}

// What was cut off must not look like all there was.
void TcpConnection::LeaveTransport() {
  loop_.Cancel(read_again_);
  if (!transport_) return;
  if (is_shaking_hands_ && handshake_waits_for_ == 0) handshakes_->Remove(handshake_place_);
  if (!is_shaking_hands_ && !HasUnsent()) transport_->EndOutput();
  is_shaking_hands_ = false;
  transport_.reset();
}

std::uint32_t TcpConnection::WantedEvents() const {
  if (is_shaking_hands_) return handshake_waits_for_;
  std::uint32_t wanted = 0;
  if (wants_to_read_ && !has_ended_input_) wanted |= EPOLLIN | EPOLLRDHUP;
  if (HasUnsent() || (transport_ && transport_->ReadingWaitsForRoom())) wanted |= EPOLLOUT;
  return wanted;
}

void TcpConnection::UpdateInterest() {
  if (IsClosed()) return;
  const std::uint32_t wanted = WantedEvents();
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_.Rewatch(fd_.get(), wanted, *this);
}

}  // namespace baton::net
