// The socket side of the load generator: one send and one receive for requests that fit.
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

LoadConnection::LoadConnection(LoadChannel& channel, std::uint32_t index)
    : channel_(&channel), index_(index), parser_(CountBodiesOnly()) {}

LoadConnection::Step LoadConnection::Connect(const SocketAddress& server) {
  BATON_DCHECK(state_ == State::kClosed);
  Result<UniqueFd> fd = server.StartConnect();
  if (!fd) return Step::kReset;
  fd_ = std::move(*fd);
  if (channel_->is_one_shot) {
    // Closing sends a reset: ten thousands of ports a second must not stay behind in TIME_WAIT.
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  state_ = State::kConnecting;
  has_served_ = false;
  parser_.Start(channel_->expects_head);
  Watch(EPOLLOUT, true);
  return Step::kAgain;
}

LoadConnection::Step LoadConnection::Send(std::size_t count) {
  BATON_DCHECK(state_ == State::kIdle || state_ == State::kBusy);
  state_ = State::kBusy;
  under_way_ += count;
  unsent_ += count * channel_->request_size;
  BATON_DCHECK(under_way_ * channel_->request_size <= channel_->requests.size());
  return Flush();
}

LoadConnection::Step LoadConnection::OnEvents(std::uint32_t events) {
  switch (state_) {
    case State::kClosed: return Step::kAgain;
    case State::kConnecting: return FinishConnect(events);
    case State::kIdle:
      // Nothing was asked for: whatever this is, the connection is of no more use.
      return CloseAs(Step::kClosed);
    case State::kBusy: break;
  }
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) {
    const Step step = Receive();
    if (step != Step::kAgain) return step;
  }
  return unsent_ == 0 || (events & EPOLLOUT) == 0 ? Step::kAgain : Flush();
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

LoadConnection::Step LoadConnection::Receive() {
  std::vector<char>& buffer = channel_->buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return IsTransient(errno) ? Step::kAgain : CloseAs(Step::kReset);
  if (got == 0) {
    if (parser_.FeedEof() != ResponseParser::State::kComplete) return CloseAs(Step::kEof);
    answer_ = &channel_->memo.Learn({}, parser_.response());
    return Step::kAnswered;
  }
  unread_ = std::string_view(buffer.data(), static_cast<std::size_t>(got));
  return ReadAnswer();
}

LoadConnection::Step LoadConnection::ReadAnswer() {
  if (unread_.empty()) return Step::kAgain;
  const bool is_from_start = !parser_.HasBegun();
  const AnswerMemo::Known* known = is_from_start ? channel_->memo.Find(unread_) : nullptr;
  if (known != nullptr) {
    unread_.remove_prefix(known->size);
    answer_ = &known->answer;
    return Step::kAnswered;
  }
  const ResponseParser::Fed fed = parser_.Feed(unread_);
  if (fed.state == ResponseParser::State::kMalformed) return CloseAs(Step::kMalformed);
  const std::string_view taken = unread_.substr(0, fed.consumed);
  unread_.remove_prefix(fed.consumed);
  if (fed.state == ResponseParser::State::kNeedMore) return Step::kAgain;
  answer_ = &channel_->memo.Learn(is_from_start ? taken : std::string_view(), parser_.response());
  parser_.Start(channel_->expects_head);
  return Step::kAnswered;
}

LoadConnection::Step LoadConnection::Flush() {
  // The requests are all the same: what is left begins as far before the end of one as it ends.
  const std::size_t one = channel_->request_size;
  const char* const begin = channel_->requests.data() + (one - unsent_ % one) % one;
  const ssize_t sent = ::send(fd_.get(), begin, unsent_, MSG_NOSIGNAL);
  if (sent < 0) {
    if (!IsTransient(errno)) return CloseAs(Step::kReset);
  } else {
    unsent_ -= static_cast<std::size_t>(sent);
  }
  Watch(unsent_ == 0 ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLIN} | EPOLLOUT, false);
  return Step::kAgain;
}

LoadConnection::Step LoadConnection::Rest() {
  BATON_DCHECK(state_ == State::kBusy && under_way_ > 0);
  has_served_ = true;
  --under_way_;
  const bool is_last = !answer_->keep_alive || channel_->is_one_shot;
  if (under_way_ > 0) return is_last ? CloseAs(Step::kEof) : ReadAnswer();
  state_ = State::kIdle;
  // What nobody asked for came, or the answer came before the request was sent.
  if (is_last || !unread_.empty() || unsent_ > 0) Close();
  return Step::kAgain;
}

void LoadConnection::Close() {
  fd_.Reset();  // leaves the epoll set by itself
  state_ = State::kClosed;
  watched_ = 0;
  under_way_ = 0;
  unsent_ = 0;
  unread_ = {};
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
      ::epoll_ctl(channel_->epoll.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_.get(), &event);
  BATON_CHECK(failure == 0);
  watched_ = events;
}

}  // namespace baton::client
