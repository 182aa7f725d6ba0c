// The handler, and what it may touch: two atomics.
#include "client/cli/stop_on_signal.h"

#include <atomic>

namespace baton::client {
namespace {

std::atomic<LoadGenerator*> attached{nullptr};
std::atomic<bool> has_come{false};

void StopAttached(int) {
  has_come.store(true);
  if (LoadGenerator* generator = attached.load()) generator->Stop();
}

}  // namespace

StopOnSignal::StopOnSignal() {
  has_come.store(false);
  struct sigaction action {};
  action.sa_handler = StopAttached;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

StopOnSignal::~StopOnSignal() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
  attached.store(nullptr);
}

void StopOnSignal::Attach(LoadGenerator* generator) {
  attached.store(generator);
  if (generator != nullptr && has_come.load()) generator->Stop();
}

bool StopOnSignal::HasCome() const { return has_come.load(); }

}  // namespace baton::client
