// What Ctrl-C does to a load: it ends early, and still reports.
#pragma once

#include <signal.h>

#include "client/lib/load_generator.h"

namespace baton::client {

// While it lives, a first SIGINT or SIGTERM stops the attached generator and is remembered; the
// next one has its default effect. One at a time in a process.
//
// Threads: one; the signal may land on any.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  // The generator to stop, at once when the signal has come already; null: none any more.
  void Attach(LoadGenerator* generator);

  bool HasCome() const;

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
};

}  // namespace baton::client
