// Cores that may be used, and how many conductors go with them.
#include "server/app/cores.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

namespace baton::app {
namespace {

TEST(CoresTest, AQuotaIsWorthWholeCores) {
  EXPECT_EQ(CoresOfQuota("200000 100000"), 2u);
  EXPECT_EQ(CoresOfQuota("150000 100000\n"), 2u);
  EXPECT_EQ(CoresOfQuota("1000 100000"), 1u);
}

TEST(CoresTest, WhatIsNoQuotaCountsForNothing) {
  for (const char* text : {"max 100000", "", "200000", "x y", "200000 0", "-1 100000"}) {
    EXPECT_FALSE(CoresOfQuota(text)) << text;
  }
}

TEST(CoresTest, AProcessOnOneCoreHasOne) {
  std::jthread([] {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);  // of this thread
    EXPECT_EQ(UsableCores(), 1u);
  }).join();
}

TEST(CoresTest, AConductorGoesWithFourCores) {
  EXPECT_EQ(ConductorsFor(1), 1u);
  EXPECT_EQ(ConductorsFor(7), 1u);
  EXPECT_EQ(ConductorsFor(8), 2u);
  EXPECT_EQ(ConductorsFor(31), 7u);
  EXPECT_EQ(ConductorsFor(256), 8u);
}

}  // namespace
}  // namespace baton::app
