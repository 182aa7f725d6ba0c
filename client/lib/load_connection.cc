// The socket side of the load generator: one send and one receive for a request that fits.
#include "client/lib/load_connection.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "server/base/check.h"

namespace baton::client {
namespace {

ResponseParserOptions CountBodiesOnly() {
  ResponseParserOptions options;
  options.keep_body = false;
  return options;
}

bool IsTransient(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

LoadConnection::LoadConnection(int epoll_fd, std::uint32_t index)
    : epoll_fd_(epoll_fd), index_(index), parser_(CountBodiesOnly()) {}

LoadConnection::Step LoadConnection::Connect(const SocketAddress& server) {
  BATON_DCHECK(state_ == State::kClosed);
  Result<UniqueFd> fd = server.StartConnect();
  if (!fd) return Step::kReset;
  fd_ = std::move(*fd);
  state_ = State::kConnecting;
  has_served_ = false;
  Watch(EPOLLOUT, true);
  return Step::kAgain;
}

LoadConnection::Step LoadConnection::Send(std::string_view wire, bool expects_head) {
  BATON_DCHECK(state_ == State::kIdle);
  state_ = State::kBusy;
  unsent_ = wire;
  has_surplus_ = false;
  parser_.Start(expects_head);
  return Flush();
}

LoadConnection::Step LoadConnection::OnEvents(std::uint32_t events, std::span<char> buffer) {
  switch (state_) {
    case State::kClosed: return Step::kAgain;
    case State::kConnecting: return FinishConnect(events);
    case State::kIdle:
      // Nothing was asked for: whatever this is, the connection is of no more use.
      return CloseAs(Step::kClosed);
    case State::kBusy: break;
  }
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) {
    const Step step = Receive(buffer);
    if (step != Step::kAgain) return step;
  }
  return unsent_.empty() || (events & EPOLLOUT) == 0 ? Step::kAgain : Flush();
}

LoadConnection::Step LoadConnection::FinishConnect(std::uint32_t events) {
  int failure = 0;
  socklen_t size = sizeof(failure);
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0 || (events & EPOLLERR) != 0) return CloseAs(Step::kReset);
  state_ = State::kIdle;
  Watch(EPOLLIN, false);
  return Step::kConnected;
}

LoadConnection::Step LoadConnection::Receive(std::span<char> buffer) {
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return IsTransient(errno) ? Step::kAgain : CloseAs(Step::kReset);
  if (got == 0) {
    return parser_.FeedEof() == ResponseParser::State::kComplete ? Step::kAnswered
                                                                 : CloseAs(Step::kEof);
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  const ResponseParser::Fed fed = parser_.Feed(bytes);
  if (fed.state == ResponseParser::State::kMalformed) return CloseAs(Step::kMalformed);
  if (fed.state == ResponseParser::State::kNeedMore) return Step::kAgain;
  has_surplus_ = fed.consumed < bytes.size();
  return Step::kAnswered;
}

LoadConnection::Step LoadConnection::Flush() {
  const ssize_t sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (!IsTransient(errno)) return CloseAs(Step::kReset);
  } else {
    unsent_.remove_prefix(static_cast<std::size_t>(sent));
  }
  Watch(unsent_.empty() ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLIN} | EPOLLOUT, false);
  return Step::kAgain;
}

void LoadConnection::Rest() {
  BATON_DCHECK(state_ == State::kBusy);
  has_served_ = true;
  if (parser_.response().keep_alive && unsent_.empty() && !has_surplus_) {
    state_ = State::kIdle;
  } else {
    Close();
  }
}

void LoadConnection::Close() {
  fd_.Reset();  // leaves the epoll set by itself
  state_ = State::kClosed;
  watched_ = 0;
}

LoadConnection::Step LoadConnection::CloseAs(Step step) {
  Close();
  return step;
}

void LoadConnection::Watch(std::uint32_t events, bool is_new) {
  if (!is_new && watched_ == events) return;
  epoll_event event{};
  event.events = events;
  event.data.u32 = index_;
  const int failure =
      ::epoll_ctl(epoll_fd_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_.get(), &event);
  BATON_CHECK(failure == 0);
  watched_ = events;
}

}  // namespace baton::client
