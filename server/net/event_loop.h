// One epoll loop, owned by one thread for its whole life.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <sys/epoll.h>
#include <thread>
#include <vector>

#include "server/base/clock.h"
#include "server/base/fd.h"
#include "server/base/indexed_heap.h"
#include "server/base/mutex.h"
#include "server/base/spare_buffers.h"
#include "server/base/thread_roles.h"
#include "server/metrics/registry.h"

namespace baton::net {

// Something that the loop calls when its descriptor is ready. `events` is epoll's mask.
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void OnEvents(std::uint32_t events) = 0;
};

// Work that other threads leave for the loop. They append to it, then call EventLoop::Wake().
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual bool IsEmpty() const = 0;  // any thread, without a lock
  virtual void TakeAllOnLoop() = 0;  // once a turn while not empty
};

// What a loop waits for instead of descriptors, where a library has its own way of waiting.
//
// Threads: the loop's; Interrupt from any.
class ForeignEvents {
 public:
  virtual ~ForeignEvents() = default;
  virtual bool IsReady() = 0;
  // Until something is ready, for `time` at most, or for ever. An Interrupt ends it.
  virtual void Wait(std::optional<Duration> time) = 0;
  // A slice of what is ready.
  virtual void Dispatch() = 0;
  virtual void Interrupt() = 0;
};

// Where a loop reports about itself; unset members are not reported.
struct LoopMetrics {
  metrics::Shard* shard = nullptr;
  metrics::Histogram turn_duration;
  metrics::Counter busy_seconds;
  metrics::Histogram timer_lag;
};

// A turn, in this order: wait until something is ready or the next timer; read one now; run the
// posted tasks, so that a change that somebody was told of is made before what they ask next is
// read; dispatch ready descriptors, a slice of them when there are many, so that timers and
// completions never wait behind a crowd; run expired timers; empty the inboxes; run the end-of-turn
// tasks; destroy what was retired. The next turn waits only when no ready descriptor is left over.
//
// Threads: Post, Wake and Stop from any thread; everything else on the loop thread only (or before
// Run).
class EventLoop {
 public:
  using Task = std::function<void()>;
  struct Timer {
    Task task;
    std::uint64_t armed_in = 0;  // the round of RunTimers that it came after, or in
  };
  using Timers = IndexedHeap<SteadyTime, Timer>;
  using TimerId = Timers::Handle;

  explicit EventLoop(const Clock& clock, const LoopMetrics& loop_metrics = {});
  // Waits for `foreign`, which outlives it, and watches no descriptors.
  EventLoop(const Clock& clock, const LoopMetrics& loop_metrics, ForeignEvents& foreign);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Turns until Stop. The calling thread becomes the loop thread.
  void Run();
  // One turn that does not wait; for tests and for the last turns of a drain.
  void RunOnce();
  void Stop();

  // Runs `task` on the loop, in posting order, never inside this call.
  void Post(Task task) BATON_EXCLUDES(posted_mutex_);
  // Makes the loop look into its inboxes soon. Costs an eventfd write, or an Interrupt, only while
  // the loop sleeps.
  void Wake();

  // First statement of every callback that runs on the loop. Aborts on any other thread, and tells
  // the compiler that `on_loop` is held from here on.
  void AssertOnLoop() const BATON_ASSERT_CAPABILITY(on_loop);

  // The time at the start of this turn.
  SteadyTime Now() const BATON_REQUIRES(on_loop) { return now_; }
  // The time this instant: for what a turn measures of itself.
  SteadyTime ReadClock() const { return clock_.Now(); }
  // The earliest moment at which what this turn reads can have become readable: the conductor's own
  // lag is charged to the requests that it delays.
  SteadyTime ReadableSince() const BATON_REQUIRES(on_loop) { return readable_since_; }
  // How long what this turn does may have waited for the loop when the turn began: since
  // ReadableSince(), or since its oldest timer was due, whichever is longer. About zero after a
  // wait, the length of the turn before after none, and growing from slice to slice of a crowd. An
  // upper bound, and fixed for the turn; a loop that sleeps keeps the last one.
  Duration lag() const BATON_REQUIRES(on_loop) { return lag_; }

  // `handler` outlives its watch. An error is returned as errno, 0 for success.
  int Watch(int fd, std::uint32_t events, IoHandler& handler) BATON_REQUIRES(on_loop);
  void Rewatch(int fd, std::uint32_t events, IoHandler& handler) BATON_REQUIRES(on_loop);
  void Unwatch(int fd) BATON_REQUIRES(on_loop);

  // `at` in the past means now. What a timer arms runs in a later turn, so that one that re-arms
  // itself does not hold the loop.
  TimerId RunAt(SteadyTime at, Task task) BATON_REQUIRES(on_loop);
  // False when it has run, or was cancelled, before.
  bool Cancel(TimerId timer) BATON_REQUIRES(on_loop);

  // Runs once, after everything else of this turn.
  void AtEndOfTurn(Task task) BATON_REQUIRES(on_loop) { end_of_turn_.push_back(std::move(task)); }
  // Keeps `object` until no event of it can be under way: the end of this turn, or of the one that
  // dispatches the last descriptor found ready with it.
  void Retire(std::unique_ptr<IoHandler> object) BATON_REQUIRES(on_loop) {
    retired_.push_back(std::move(object));
  }

  // What the connections of the loop share.
  SpareBuffers& spare_buffers() { return spare_buffers_; }

  // `inbox` outlives the loop's last turn. Before Run only.
  void AddInbox(Inbox& inbox) { inboxes_.push_back(&inbox); }

 private:
  void Turn(bool may_wait) BATON_REQUIRES(on_loop);
  void WaitForEvents(bool may_wait) BATON_REQUIRES(on_loop);
  void MeasureLag() BATON_REQUIRES(on_loop);
  bool IsReady() BATON_REQUIRES(on_loop);
  void DispatchSlice() BATON_REQUIRES(on_loop);
  void BlockUntilNextTimer() BATON_REQUIRES(on_loop);
  void WaitForDescriptors(const std::optional<Duration>& time) BATON_REQUIRES(on_loop);
  bool HasWork() const;
  void RunTimers() BATON_REQUIRES(on_loop);
  void TakeInboxes() BATON_REQUIRES(on_loop);
  void RunPosted() BATON_REQUIRES(on_loop);

  static constexpr std::size_t kEventsPerWait = 4096;
  static constexpr std::size_t kEventsPerTurn = 64;

  // Set once.
  const Clock& clock_;
  LoopMetrics metrics_;
  ForeignEvents* const foreign_ = nullptr;  // null: epoll
  UniqueFd epoll_;
  UniqueFd wakeup_;
  std::vector<Inbox*> inboxes_;

  // Loop thread.
  SteadyTime now_ BATON_GUARDED_BY(on_loop);
  SteadyTime readable_since_ BATON_GUARDED_BY(on_loop);
  Duration lag_ BATON_GUARDED_BY(on_loop){0};
  Timers timers_ BATON_GUARDED_BY(on_loop);
  std::uint64_t timer_round_ BATON_GUARDED_BY(on_loop) = 0;
  std::vector<Task> end_of_turn_ BATON_GUARDED_BY(on_loop);
  SpareBuffers spare_buffers_;  // before what may hold connections
  std::vector<std::unique_ptr<IoHandler>> retired_ BATON_GUARDED_BY(on_loop);
  std::vector<epoll_event> events_ BATON_GUARDED_BY(on_loop);  // of the last wait
  std::size_t next_event_ BATON_GUARDED_BY(on_loop) = 0;       // to dispatch
  std::size_t ready_ BATON_GUARDED_BY(on_loop) = 0;            // how many it found
  SteadyTime last_wait_ended_ BATON_GUARDED_BY(on_loop);

  // Guarded by posted_mutex_.
  Mutex posted_mutex_;
  std::vector<Task> posted_ BATON_GUARDED_BY(posted_mutex_);

  // Any thread (atomic).
  std::atomic<std::thread::id> thread_;
  std::atomic<bool> has_posted_{false};
  std::atomic<bool> is_asleep_{false};
  std::atomic<bool> stop_{false};
};

}  // namespace baton::net
