// What other threads may do to a running loop: post, wake, stop.
#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/net/event_loop.h"

namespace baton::net {
namespace {

// Stands between a test and a loop on a thread of its own.
class RunningLoop {
 public:
  RunningLoop() : loop_(clock_) {}
  ~RunningLoop() { Stop(); }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;

  EventLoop& loop() { return loop_; }
  void Start() {
    thread_ = std::thread([this] { loop_.Run(); });
  }
  // Returns once the loop has run what was posted before.
  void CatchUp() {
    const auto ran = std::make_shared<std::promise<void>>();
    loop_.Post([ran] { ran->set_value(); });
    ran->get_future().wait();
  }
  void Stop() {
    loop_.Stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  SystemClock clock_;
  EventLoop loop_;
  std::thread thread_;
};

class CountingInbox final : public Inbox {
 public:
  void Add() { ++waiting_; }
  bool IsEmpty() const override { return waiting_ == 0; }
  void TakeAllOnLoop() override { taken_ += waiting_.exchange(0); }
  int taken() const { return taken_; }

 private:
  std::atomic<int> waiting_{0};
  std::atomic<int> taken_{0};
};

TEST(EventLoopThreadsTest, TasksOfEachThreadRunInPostingOrder) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  std::vector<std::vector<int>> ran(kThreads);  // the loop's, until it has stopped
  RunningLoop running;
  running.Start();
  {
    std::vector<std::jthread> posters;
    for (int t = 0; t < kThreads; ++t) {
      posters.emplace_back([&, t] {
        for (int i = 0; i < kTasks; ++i) {
          running.loop().Post([&, t, i] { ran[static_cast<std::size_t>(t)].push_back(i); });
        }
      });
    }
  }
  running.CatchUp();
  running.Stop();
  for (const std::vector<int>& of_thread : ran) {
    EXPECT_EQ(of_thread.size(), static_cast<std::size_t>(kTasks));
    EXPECT_TRUE(std::is_sorted(of_thread.begin(), of_thread.end()));
  }
}

TEST(EventLoopThreadsTest, NoPostIsMissedByALoopThatFallsAsleepInBetween) {
  RunningLoop running;
  running.Start();
  for (int i = 0; i < 500; ++i) running.CatchUp();  // and back to sleep, or not yet
}

TEST(EventLoopThreadsTest, NoWakeIsMissedByALoopThatFallsAsleepInBetween) {
  CountingInbox inbox;
  RunningLoop running;
  running.loop().AddInbox(inbox);
  running.Start();
  for (int i = 1; i <= 500; ++i) {
    inbox.Add();
    running.loop().Wake();
    while (inbox.taken() < i) std::this_thread::yield();
  }
  EXPECT_EQ(inbox.taken(), 500);
}

TEST(EventLoopThreadsTest, WhatComesInWhileTheLoopIsAwakeKeepsItFromSleeping) {
  SystemClock clock;
  EventLoop loop(clock);
  CountingInbox inbox;
  loop.AddInbox(inbox);
  loop.Post([&] {
    inbox.Add();
    loop.Wake();
    loop.Post([&] { loop.Stop(); });
  });
  loop.Run();
  EXPECT_EQ(inbox.taken(), 1);
}

TEST(EventLoopThreadsTest, StopWakesALoopThatSleeps) {
  RunningLoop running;
  running.Start();
  running.CatchUp();
  running.Stop();
}

TEST(EventLoopThreadsTest, ALoopStoppedBeforeItRunsTakesNoTurn) {
  SystemClock clock;
  EventLoop loop(clock);
  bool has_run = false;
  loop.Post([&] { has_run = true; });
  loop.Stop();
  loop.Run();
  EXPECT_FALSE(has_run);
}

TEST(EventLoopDeathTest, AnotherThreadThatClaimsToBeTheLoopEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  SystemClock clock;
  EventLoop loop(clock);
  EXPECT_DEATH(std::thread([&] { loop.AssertOnLoop(); }).join(), "check failed");
}

}  // namespace
}  // namespace baton::net
