// Accepting, and what to do when there are no descriptors left.
#include "server/net/acceptor.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <utility>

#include "server/base/log.h"

namespace baton::net {
namespace {

constexpr int kAcceptsPerEvent = 64;  // then requests get their share of the turn
constexpr Duration kLogEvery = 1s;
constexpr Duration kBreak = 20ms;  // after a failure that accepting again at once would meet again

UniqueFd OpenSpare() { return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

Acceptor::Acceptor(EventLoop& loop, int listening_fd, OnConnection on_connection,
                   OnTurnedAway on_turned_away)
    : loop_(loop),
      listening_fd_(listening_fd),
      on_connection_(std::move(on_connection)),
      on_turned_away_(std::move(on_turned_away)),
      spare_(OpenSpare()) {}

Acceptor::~Acceptor() = default;

void Acceptor::Start() {
  is_started_ = true;
  UpdateWatch();
}

void Acceptor::Stop() {
  loop_.Cancel(break_ends_);
  is_on_break_ = false;
  is_started_ = false;
  UpdateWatch();
}

void Acceptor::Pause() {
  is_paused_ = true;
  UpdateWatch();
}

void Acceptor::Resume() {
  is_paused_ = false;
  UpdateWatch();
}

void Acceptor::UpdateWatch() {
  const bool wanted = is_started_ && !is_paused_ && !is_on_break_;
  if (wanted == is_watching_) return;
  if (!wanted) {
    loop_.Unwatch(listening_fd_);
    is_watching_ = false;
    return;
  }
  // EPOLLEXCLUSIVE: of the loops that share the socket, one wakes a connection.
  is_watching_ = loop_.Watch(listening_fd_, EPOLLIN | EPOLLEXCLUSIVE, *this) == 0;
  if (!is_watching_) {
    Log(LogLevel::kError, "accepting_failed", {{"reason", "epoll takes no more descriptors"}});
    TakeABreak();
  }
}

void Acceptor::OnEvents(std::uint32_t /*events*/) {
  loop_.AssertOnLoop();
  for (int i = 0; i < kAcceptsPerEvent && is_watching_; ++i) {
    if (!AcceptOne()) return;
  }
}

void Acceptor::AcceptAll() {
  while (is_watching_ && AcceptOne()) {
  }
}

bool Acceptor::AcceptOne() {
  UniqueFd fd(accept4(listening_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    on_connection_(std::move(fd));
    return true;
  }
  if (errno == EMFILE || errno == ENFILE) return TurnOneAway();
  if (errno == ENOBUFS || errno == ENOMEM) TakeABreak();
  // EINVAL: it listens no more. Anything else was the fate of that one connection (accept(2)).
  return errno != EAGAIN && errno != EINVAL;
}

bool Acceptor::TurnOneAway() {
  loop_.AssertOnLoop();
  spare_.Reset();
  UniqueFd refused(accept4(listening_fd_, nullptr, nullptr, SOCK_CLOEXEC));
  // The kernel looks for a descriptor before it looks into the queue: nobody may be waiting at all.
  if (!refused.valid() && errno != EAGAIN) TakeABreak();
  const bool is_refused = refused.valid();
  refused.Reset();
  spare_ = OpenSpare();
  if (is_refused && on_turned_away_) on_turned_away_();
  if (is_refused && loop_.Now() - last_logged_ >= kLogEvery) {
    last_logged_ = loop_.Now();
    Log(LogLevel::kWarning, "connection_refused", {{"reason", "no file descriptors left"}});
  }
  return is_refused;
}

void Acceptor::TakeABreak() {
  is_on_break_ = true;
  break_ends_ = loop_.RunAt(loop_.Now() + kBreak, [this] {
    loop_.AssertOnLoop();
    is_on_break_ = false;
    UpdateWatch();
  });
  UpdateWatch();
}

}  // namespace baton::net
