// What a thread leaves to others is its own affair, and that of those it starts.
#include "server/base/thread_priority.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(ThreadPriorityTest, IdleTimeIsForTheThreadAndThoseThatItStarts) {
  const int before = sched_getscheduler(0);
  int own = -1;
  int started = -1;
  std::jthread([&] {
    WorkInIdleTime();
    own = sched_getscheduler(0);
    std::jthread([&started] { started = sched_getscheduler(0); }).join();
  }).join();
  EXPECT_EQ(own, SCHED_IDLE);
  EXPECT_EQ(started, SCHED_IDLE);
  EXPECT_EQ(sched_getscheduler(0), before);
}

TEST(ThreadPriorityTest, ANicerThreadIsNicerAlone) {
  const int before = getpriority(PRIO_PROCESS, 0);
  int nicer = 0;
  std::jthread([&nicer] {
    GiveWay(3);
    nicer = getpriority(PRIO_PROCESS, 0);
  }).join();
  EXPECT_EQ(nicer, std::min(19, before + 3));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}

int g_yields = 0;

TEST(TurnsTest, TheCoreIsOfferedOnceATurn) {
  g_yields = 0;
  Turns turns([] { return ++g_yields; });
  SteadyTime now{5s};
  turns.Offer(now);
  turns.Offer(now + Turns::kTurn - 1ns);
  EXPECT_EQ(g_yields, 0);
  turns.Offer(now + Turns::kTurn);
  EXPECT_EQ(g_yields, 1);
  now += 1s;  // others had it
  turns.Offer(now);
  turns.Offer(now + Turns::kTurn - 1ns);
  EXPECT_EQ(g_yields, 1);
  turns.Offer(now + Turns::kTurn);
  EXPECT_EQ(g_yields, 2);
}

}  // namespace
}  // namespace baton
