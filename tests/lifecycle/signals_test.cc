// SIGINT, SIGTERM and SIGHUP reach the loop as events; in a process of their own, since they would
// end this one.
#include "server/lifecycle/signals.h"

#include <cerrno>
#include <csignal>
#include <functional>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"
#include "tests/support/loop_harness.h"

namespace baton::lifecycle {
namespace {

using testing_support::InAChild;

// The signals that a loop's watcher has seen after `raise` ran and the loop has turned.
std::vector<int> SeenAfter(const std::function<void()>& raise_signals) {
  BlockSignals();
  testing_support::LoopHarness harness;
  std::vector<int> seen;
  const SignalWatcher watcher(harness.loop(), [&](int number) { seen.push_back(number); });
  raise_signals();
  harness.Turn();
  return seen;
}

TEST(SignalWatcherTest, ATermSignalIsAnEventInsteadOfTheEnd) {
  EXPECT_EQ(InAChild([] {
              return SeenAfter([] { kill(getpid(), SIGTERM); }) == std::vector{SIGTERM} ? 0 : 1;
            }),
            0);
}

TEST(SignalWatcherTest, AnInterruptIsAnEventInsteadOfTheEnd) {
  EXPECT_EQ(InAChild([] {
              return SeenAfter([] { kill(getpid(), SIGINT); }) == std::vector{SIGINT} ? 0 : 1;
            }),
            0);
}

TEST(SignalWatcherTest, AHangUpIsAnEventInsteadOfTheEnd) {
  EXPECT_EQ(InAChild([] {
              return SeenAfter([] { kill(getpid(), SIGHUP); }) == std::vector{SIGHUP} ? 0 : 1;
            }),
            0);
}

TEST(SignalWatcherTest, BothInOneTurnAreBothSeen) {
  EXPECT_EQ(InAChild([] {
              const std::vector<int> seen = SeenAfter([] {
                kill(getpid(), SIGTERM);
                kill(getpid(), SIGINT);
              });
              return seen.size() == 2 ? 0 : 1;
            }),
            0);
}

TEST(SignalWatcherTest, OneThatCameBeforeTheWatcherIsSeen) {
  EXPECT_EQ(InAChild([] {
              BlockSignals();
              kill(getpid(), SIGTERM);
              return SeenAfter([] {}) == std::vector{SIGTERM} ? 0 : 1;
            }),
            0);
}

TEST(SignalWatcherTest, WithoutASignalNothingIsSeen) {
  EXPECT_EQ(InAChild([] { return SeenAfter([] {}).empty() ? 0 : 1; }), 0);
}

TEST(BlockSignalsTest, AWriteToAClosedPipeIsAnErrorInsteadOfTheEnd) {
  EXPECT_EQ(InAChild([] {
              BlockSignals();
              int ends[2];
              if (pipe(ends) != 0) return 1;
              close(ends[0]);
              return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace baton::lifecycle
