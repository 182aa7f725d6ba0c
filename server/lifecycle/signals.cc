// signalfd on a loop.
#include "server/lifecycle/signals.h"

#include <csignal>
#include <sys/signalfd.h>
#include <utility>

#include "server/base/check.h"

namespace baton::lifecycle {
namespace {

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  return signals;
}

}  // namespace

void BlockSignals() {
  const sigset_t signals = WatchedSignals();
  BATON_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  BATON_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  BATON_CHECK(std::signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

SignalWatcher::SignalWatcher(net::EventLoop& loop, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  const sigset_t signals = WatchedSignals();
  fd_.Reset(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  BATON_CHECK(fd_.valid());
  loop_.AssertOnLoop();
  BATON_CHECK(loop_.Watch(fd_.get(), EPOLLIN, *this) == 0);
}

SignalWatcher::~SignalWatcher() = default;

void SignalWatcher::OnEvents(std::uint32_t /*events*/) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace baton::lifecycle
