// A turn's order, its timers and its idea of time, turned by hand.
#include "server/net/event_loop.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/loop_harness.h"

namespace baton::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::LoopHarness;

using Notes = std::vector<std::string>;

// A descriptor that is ready from the start, until its handler has looked.
class ReadyHandler : public IoHandler {
 public:
  explicit ReadyHandler(std::function<void()> on_ready = [] {})
      : fd_(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)), on_ready_(std::move(on_ready)) {}

  int fd() const { return fd_.get(); }
  void MakeReady() const { EXPECT_EQ(eventfd_write(fd_.get(), 1), 0); }

  void OnEvents(std::uint32_t events) override {
    EXPECT_EQ(events, static_cast<std::uint32_t>(EPOLLIN));
    eventfd_t count = 0;
    EXPECT_EQ(eventfd_read(fd_.get(), &count), 0);
    on_ready_();
  }

 private:
  UniqueFd fd_;
  std::function<void()> on_ready_;
};

class LocalInbox final : public Inbox {
 public:
  explicit LocalInbox(std::function<void()> on_taken) : on_taken_(std::move(on_taken)) {}
  void Add() { is_empty_ = false; }
  bool IsEmpty() const override { return is_empty_; }
  void TakeAllOnLoop() override {
    is_empty_ = true;
    on_taken_();
  }

 private:
  bool is_empty_ = true;
  std::function<void()> on_taken_;
};

// Says when it goes.
class Mortal final : public IoHandler {
 public:
  explicit Mortal(
      std::function<void()> on_end, std::function<void()> on_ready = [] {})
      : on_end_(std::move(on_end)), on_ready_(std::move(on_ready)) {}
  ~Mortal() override { on_end_(); }
  void OnEvents(std::uint32_t /*events*/) override { on_ready_(); }

 private:
  std::function<void()> on_end_;
  std::function<void()> on_ready_;
};

TEST(EventLoopTest, ATurnHasItsDocumentedOrder) {
  LoopHarness harness;
  Notes notes;
  const auto note = [&](const char* what) { return [&notes, what] { notes.emplace_back(what); }; };
  LocalInbox inbox(note("inbox"));
  harness.loop().AddInbox(inbox);
  ReadyHandler ready(note("descriptor"));
  harness.Retire(std::make_unique<Mortal>(note("retired")));
  harness.AtEndOfTurn(note("end of turn"));
  harness.loop().Post(note("posted"));
  inbox.Add();
  harness.RunAfter(0ms, note("timer"));
  ASSERT_EQ(harness.Watch(ready.fd(), EPOLLIN, ready), 0);
  harness.Turn();
  EXPECT_THAT(notes,
              ElementsAre("posted", "descriptor", "timer", "inbox", "end of turn", "retired"));
}

TEST(EventLoopTest, OneTurnSeesOneNow) {
  LoopHarness harness;
  const SteadyTime began = harness.clock().Now();
  std::vector<SteadyTime> seen;
  harness.loop().Post([&] {
    harness.clock().Advance(1ms);
    seen.push_back(harness.Now());
  });
  harness.AtEndOfTurn([&] { seen.push_back(harness.Now()); });
  harness.Turn();
  EXPECT_THAT(seen, ElementsAre(began, began));
  EXPECT_EQ(harness.loop().ReadClock(), began + 1ms);
}

TEST(EventLoopTest, WatchingWhatCannotBeWatchedGivesTheReason) {
  LoopHarness harness;
  ReadyHandler handler;
  EXPECT_EQ(harness.Watch(-1, EPOLLIN, handler), EBADF);
}

TEST(EventLoopTest, AnUnwatchedDescriptorIsNotReported) {
  LoopHarness harness;
  Notes notes;
  ReadyHandler ready([&] { notes.emplace_back("ready"); });
  ASSERT_EQ(harness.Watch(ready.fd(), EPOLLIN, ready), 0);
  harness.Unwatch(ready.fd());
  harness.Turn();
  EXPECT_THAT(notes, IsEmpty());
}

TEST(EventLoopTimersTest, TheyFireExactlyWhenDueAndInOrder) {
  LoopHarness harness;
  Notes notes;
  harness.RunAfter(20ms, [&] { notes.emplace_back("20"); });
  harness.RunAfter(10ms, [&] { notes.emplace_back("10"); });
  harness.RunAfter(10ms, [&] { notes.emplace_back("10 again"); });
  harness.RunAfter(15ms, [&] { notes.emplace_back("15"); });
  harness.Advance(10ms - 1ns);
  EXPECT_THAT(notes, IsEmpty());
  harness.Advance(1ns);
  EXPECT_THAT(notes, ElementsAre("10", "10 again"));
  harness.Advance(10ms);
  EXPECT_THAT(notes, ElementsAre("10", "10 again", "15", "20"));
}

TEST(EventLoopTimersTest, ACancelledOneNeverFires) {
  LoopHarness harness;
  Notes notes;
  const EventLoop::TimerId timer = harness.RunAfter(10ms, [&] { notes.emplace_back("fired"); });
  EXPECT_TRUE(harness.Cancel(timer));
  EXPECT_FALSE(harness.Cancel(timer));
  harness.Advance(20ms);
  EXPECT_THAT(notes, IsEmpty());
}

TEST(EventLoopTimersTest, OneThatHasFiredCannotBeCancelled) {
  LoopHarness harness;
  const EventLoop::TimerId timer = harness.RunAfter(10ms, [] {});
  harness.Advance(10ms);
  EXPECT_FALSE(harness.Cancel(timer));
}

TEST(EventLoopTimersTest, OneMayCancelAnotherThatIsDueInTheSameTurn) {
  LoopHarness harness;
  Notes notes;
  EventLoop::TimerId second;
  harness.RunAfter(1ms, [&] { EXPECT_TRUE(harness.Cancel(second)); });
  second = harness.RunAfter(2ms, [&] { notes.emplace_back("second"); });
  harness.Advance(5ms);
  EXPECT_THAT(notes, IsEmpty());
}

TEST(EventLoopTimersTest, OneThatArmsItselfAgainDoesNotHoldTheLoop) {
  LoopHarness harness;
  int fired = 0;
  std::function<void()> again = [&] {
    ++fired;
    harness.RunAt(harness.Now(), again);
  };
  harness.RunAfter(0ms, again);
  harness.Turn();
  EXPECT_EQ(fired, 1);
  harness.Turn();
  EXPECT_EQ(fired, 2);
}

TEST(EventLoopTimersTest, OneThatArmsItselfInThePastDoesNotHoldBackTheOthers) {
  LoopHarness harness;
  std::function<void()> again = [&] { harness.RunAt(SteadyTime(), again); };
  harness.RunAfter(0ms, again);
  int fired = 0;
  harness.RunAfter(1ms, [&] { ++fired; });
  harness.Advance(1ms);
  harness.Advance(1ms);
  EXPECT_EQ(fired, 1);
}

TEST(EventLoopTimersTest, TheirLagIsMeasuredFromWhenTheyWereDue) {
  metrics::Registry registry;
  LoopMetrics metrics;
  metrics.shard = registry.TakeShard();
  metrics.timer_lag = registry.AddHistogram("baton_lag_seconds", "Lag.", {1});
  LoopHarness harness(metrics);
  harness.RunAfter(10ms, [] {});
  harness.Advance(13ms);
  EXPECT_EQ(registry.Count(metrics.timer_lag), 1u);
  EXPECT_DOUBLE_EQ(registry.Sum(metrics.timer_lag), 0.003);
}

TEST(EventLoopTest, ATurnReportsHowLongItWasBusy) {
  metrics::Registry registry;
  LoopMetrics metrics;
  metrics.shard = registry.TakeShard();
  metrics.turn_duration = registry.AddHistogram("baton_turn_seconds", "Turns.", {1});
  metrics.busy_seconds = registry.AddCounter("baton_busy_seconds_total", "Busy.");
  LoopHarness harness(metrics);
  harness.loop().Post([&] { harness.clock().Advance(250ms); });
  harness.Turn();
  EXPECT_EQ(registry.Count(metrics.turn_duration), 1u);
  EXPECT_DOUBLE_EQ(registry.Value(metrics.busy_seconds), 0.25);
}

TEST(EventLoopTest, WhatAPostedTaskPostsRunsInTheNextTurn) {
  LoopHarness harness;
  Notes notes;
  harness.loop().Post([&] {
    harness.loop().Post([&] { notes.emplace_back("inner"); });
    notes.emplace_back("outer");
  });
  harness.Turn();
  EXPECT_THAT(notes, ElementsAre("outer"));
  harness.Turn();
  EXPECT_THAT(notes, ElementsAre("outer", "inner"));
}

TEST(EventLoopTest, AnEndOfTurnTaskMayAddAnotherOfTheSameTurn) {
  LoopHarness harness;
  Notes notes;
  harness.AtEndOfTurn([&] {
    notes.emplace_back("first");
    harness.AtEndOfTurn([&] { notes.emplace_back("second"); });
  });
  harness.Turn();
  EXPECT_THAT(notes, ElementsAre("first", "second"));
  harness.Turn();
  EXPECT_EQ(notes.size(), 2u);
}

TEST(EventLoopTest, WhatIsRetiredLivesUntilTheEndOfTheTurn) {
  LoopHarness harness;
  Notes notes;
  harness.loop().Post([&] {
    harness.Retire(std::make_unique<Mortal>([&] { notes.emplace_back("destroyed"); }));
    notes.emplace_back("retired");
  });
  harness.loop().Post([&] { notes.emplace_back("still the turn"); });
  harness.Turn();
  EXPECT_THAT(notes, ElementsAre("retired", "still the turn", "destroyed"));
}

TEST(EventLoopTest, AnInboxIsTakenOnlyWhenThereIsSomething) {
  LoopHarness harness;
  Notes notes;
  LocalInbox inbox([&] { notes.emplace_back("taken"); });
  harness.loop().AddInbox(inbox);
  harness.Turn();
  EXPECT_THAT(notes, IsEmpty());
  inbox.Add();
  harness.Turns(2);
  EXPECT_THAT(notes, ElementsAre("taken"));
}

TEST(EventLoopReadableSinceTest, WhatWasWaitingMayHaveComeRightAfterThePreviousTurnBegan) {
  LoopHarness harness;
  ReadyHandler ready;
  ASSERT_EQ(harness.Watch(ready.fd(), EPOLLIN, ready), 0);
  harness.Turn();
  const SteadyTime previous = harness.Now();
  ready.MakeReady();
  harness.Advance(7ms);
  EXPECT_EQ(harness.Now(), previous + 7ms);
  EXPECT_EQ(harness.ReadableSince(), previous);
}

TEST(EventLoopLagTest, ALoopThatIsBackAtOnceHasNone) {
  LoopHarness harness;
  harness.Turns(2);
  EXPECT_EQ(harness.lag(), 0ns);
}

TEST(EventLoopLagTest, WhatATurnTakesIsTheLagOfTheNextAndOfThatOneOnly) {
  LoopHarness harness;
  ReadyHandler slow([&] { harness.clock().Advance(30ms); });
  ASSERT_EQ(harness.Watch(slow.fd(), EPOLLIN, slow), 0);
  Duration within_the_turn = 1h;
  harness.loop().Post([&] { within_the_turn = harness.lag(); });
  harness.Turn();
  EXPECT_EQ(within_the_turn, 0ns);
  harness.Turn();
  EXPECT_EQ(harness.lag(), 30ms);
  harness.Turn();
  EXPECT_EQ(harness.lag(), 0ns);
}

// More ready descriptors than one turn dispatches.
class EventLoopCrowdTest : public testing::Test {
 protected:
  static constexpr std::size_t kCrowd = 300;

  void AddCrowd(const std::function<void()>& on_ready) {
    for (std::size_t i = 0; i < kCrowd; ++i) {
      crowd_.push_back(std::make_unique<ReadyHandler>([this, on_ready] {
        ++dispatched_;
        on_ready();
      }));
      ASSERT_EQ(harness_.Watch(crowd_.back()->fd(), EPOLLIN, *crowd_.back()), 0);
    }
  }
  void TurnUntilDispatched() {
    for (std::size_t turn = 0; turn < kCrowd && dispatched_ < kCrowd; ++turn) harness_.Advance(1ms);
    EXPECT_EQ(dispatched_, kCrowd);
  }

  LoopHarness harness_;
  std::vector<std::unique_ptr<ReadyHandler>> crowd_;
  std::size_t dispatched_ = 0;
};

TEST_F(EventLoopCrowdTest, WhatDidNotFitIntoATurnKeepsItsMoment) {
  std::vector<SteadyTime> seen;
  AddCrowd([&] { seen.push_back(harness_.ReadableSince()); });
  const SteadyTime began = harness_.Now();
  TurnUntilDispatched();
  EXPECT_THAT(seen, testing::Each(began));
}

TEST_F(EventLoopCrowdTest, TheLagGrowsWithItsAge) {
  std::vector<Duration> seen;
  AddCrowd([&] {
    if (seen.empty() || seen.back() != harness_.lag()) seen.push_back(harness_.lag());
  });
  harness_.Turn();
  TurnUntilDispatched();
  EXPECT_THAT(seen, ElementsAre(0ms, 1ms, 2ms, 3ms, 4ms));
}

TEST_F(EventLoopCrowdTest, TimersDoNotWaitBehindIt) {
  AddCrowd([] {});
  std::size_t dispatched_before_timer = kCrowd;
  harness_.RunAfter(1ms, [&] { dispatched_before_timer = dispatched_; });
  harness_.Advance(1ms);
  EXPECT_LT(dispatched_before_timer, kCrowd);
  TurnUntilDispatched();
}

TEST_F(EventLoopCrowdTest, WhatIsRetiredLivesUntilItsLastEventIsDispatched) {
  Notes notes;
  auto last = std::make_unique<Mortal>([&] { notes.emplace_back("destroyed"); },
                                       [&] { notes.emplace_back("event"); });
  Mortal& watched = *last;
  AddCrowd([&] {
    if (last) harness_.Retire(std::move(last));
  });
  ReadyHandler ready;
  ASSERT_EQ(harness_.Watch(ready.fd(), EPOLLIN | EPOLLET, watched), 0);
  TurnUntilDispatched();
  harness_.Turn();
  EXPECT_THAT(notes, ElementsAre("event", "destroyed"));
}

// Moves by itself with every look, so that a loop that runs and waits needs no other thread.
class StepClock final : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(1s + 1ms * ++reads_); }

 private:
  mutable int reads_ = 0;
};

TEST(EventLoopReadableSinceTest, AfterAWaitItIsNow) {
  const StepClock clock;
  EventLoop loop(clock);
  loop.AssertOnLoop();
  const SteadyTime before = loop.Now();
  loop.RunAt(before, [&] {
    loop.AssertOnLoop();
    EXPECT_GT(loop.Now(), before);
    EXPECT_EQ(loop.ReadableSince(), loop.Now());
    loop.Stop();
  });
  loop.Run();
}

TEST(EventLoopLagTest, AfterAWaitItIsThatOfTheOldestTimer) {
  const StepClock clock;
  EventLoop loop(clock);
  loop.AssertOnLoop();
  const SteadyTime due = loop.Now();
  loop.RunAt(due + 1ms, [] {});
  loop.RunAt(due, [&] {
    loop.AssertOnLoop();
    EXPECT_GT(loop.Now(), due);
    EXPECT_EQ(loop.lag(), loop.Now() - due);
    loop.Stop();
  });
  loop.Run();
}

// What a library would bring: a task is an event.
class ListedEvents final : public ForeignEvents {
 public:
  bool IsReady() override { return !tasks.empty(); }
  void Wait(std::optional<Duration> time) override {
    waits.push_back(time);
    if (on_wait) on_wait();
  }
  void Dispatch() override {
    for (const auto& task : std::exchange(tasks, {})) task();
  }
  void Interrupt() override { ++interrupts; }

  std::vector<std::function<void()>> tasks;
  std::function<void()> on_wait;
  std::vector<std::optional<Duration>> waits;
  int interrupts = 0;
};

TEST(EventLoopForeignEventsTest, TheyComeWhereDescriptorsWould) {
  Notes notes;
  ManualClock clock;
  ListedEvents events;
  EventLoop loop(clock, {}, events);
  loop.AssertOnLoop();
  loop.RunAt(loop.Now(), [&] { notes.emplace_back("timer"); });
  loop.Post([&] { notes.emplace_back("posted"); });
  events.tasks = {[&] {
    loop.AssertOnLoop();
    notes.emplace_back("event");
    loop.AtEndOfTurn([&] { notes.emplace_back("end"); });
  }};
  loop.RunOnce();
  EXPECT_THAT(notes, ElementsAre("posted", "event", "timer", "end"));
  EXPECT_THAT(events.waits, IsEmpty());
}

TEST(EventLoopForeignEventsTest, TheLoopWaitsForThemUntilItsNextTimerOrForEver) {
  ManualClock clock;
  ListedEvents events;
  EventLoop loop(clock, {}, events);
  loop.AssertOnLoop();
  loop.RunAt(loop.Now() + 5ms, [] {});
  events.on_wait = [&] {
    clock.Advance(5ms);
    if (events.waits.size() == 2) loop.Stop();
  };
  loop.Run();
  EXPECT_THAT(events.waits, ElementsAre(std::optional<Duration>(5ms), std::nullopt));
}

TEST(EventLoopForeignEventsTest, AWakeInterruptsAWaitAndNothingElse) {
  ManualClock clock;
  ListedEvents events;
  EventLoop loop(clock, {}, events);
  loop.Wake();
  EXPECT_EQ(events.interrupts, 0);
  events.on_wait = [&] {
    loop.Wake();
    loop.Wake();
    loop.Stop();
  };
  loop.Run();
  EXPECT_EQ(events.interrupts, 1);
}

}  // namespace
}  // namespace baton::net
