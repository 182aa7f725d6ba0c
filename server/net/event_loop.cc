// The turn of the loop and its two ways of waiting.
#include "server/net/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <utility>

#include "server/base/check.h"

namespace baton::net {
namespace {

timespec ToTimespec(Duration duration) {
  const auto count = duration.count();
  return {static_cast<time_t>(count / 1'000'000'000), static_cast<long>(count % 1'000'000'000)};
}

}  // namespace

EventLoop::EventLoop(const Clock& clock, const LoopMetrics& loop_metrics)
    : clock_(clock),
      metrics_(loop_metrics),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(clock.Now()),
      readable_since_(now_),
      events_(kEventsPerWait),
      last_wait_ended_(now_),
      thread_(std::this_thread::get_id()) {
  BATON_CHECK(epoll_.valid());
  BATON_CHECK(wakeup_.valid());
  epoll_event event{};
  // Edge-triggered: each write is told once, and need not be read. It would take 2^64 of them to
  // fill the counter (eventfd(2)).
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // stands for the eventfd
  BATON_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) == 0);
}

EventLoop::EventLoop(const Clock& clock, const LoopMetrics& loop_metrics, ForeignEvents& foreign)
    : clock_(clock),
      metrics_(loop_metrics),
      foreign_(&foreign),
      now_(clock.Now()),
      readable_since_(now_),
      last_wait_ended_(now_),
      thread_(std::this_thread::get_id()) {}

EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  thread_ = std::this_thread::get_id();
  AssertOnLoop();
  while (!stop_) Turn(true);
}

void EventLoop::RunOnce() {
  AssertOnLoop();
  Turn(false);
}

void EventLoop::Stop() {
  stop_ = true;
  Wake();
}

void EventLoop::Post(Task task) {
  {
    MutexLock lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  has_posted_ = true;
  Wake();
}

void EventLoop::Wake() {
  // Pairs with BlockUntilNextTimer: either this sees the loop asleep, or the loop sees the work.
  if (!is_asleep_.exchange(false)) return;
  if (foreign_ != nullptr) {
    foreign_->Interrupt();
    return;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof(one));
}

void EventLoop::AssertOnLoop() const { BATON_CHECK(thread_ == std::this_thread::get_id()); }

int EventLoop::Watch(int fd, std::uint32_t events, IoHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void EventLoop::Rewatch(int fd, std::uint32_t events, IoHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  BATON_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::Unwatch(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

EventLoop::TimerId EventLoop::RunAt(SteadyTime at, Task task) {
  // Not before now_: a timer that armed itself again in the far past would always come before the
  // others.
  return timers_.Insert(std::max(at, now_), Timer{std::move(task), timer_round_});
}

bool EventLoop::Cancel(TimerId timer) {
  if (!timers_.Contains(timer)) return false;
  timers_.Erase(timer);
  return true;
}

void EventLoop::Turn(bool may_wait) {
  if (next_event_ == ready_) {
    WaitForEvents(may_wait);
  } else {
    now_ = clock_.Now();
  }
  const SteadyTime began = now_;
  MeasureLag();
  // Before what has come in since: who was told that a change is made, and asks then, must find it.
  RunPosted();
  DispatchSlice();
  RunTimers();
  TakeInboxes();
  // A task may add another; all run in this turn.
  for (std::size_t i = 0; i < end_of_turn_.size(); ++i) {
    const Task task = std::move(end_of_turn_[i]);
    task();
  }
  end_of_turn_.clear();
  if (next_event_ == ready_) retired_.clear();

  if (metrics_.shard != nullptr) {
    const double busy = ToSeconds(clock_.Now() - began);
    metrics_.shard->Observe(metrics_.turn_duration, busy);
    metrics_.shard->Add(metrics_.busy_seconds, busy);
  }
}

// Looks without waiting first. What it finds then became ready since the last wait ended; only when
// nothing was ready can the arrival of what comes next be dated to the end of the wait.
void EventLoop::WaitForEvents(bool may_wait) {
  const bool sleeps = !IsReady() && may_wait && !HasWork();
  if (sleeps) BlockUntilNextTimer();
  now_ = clock_.Now();
  readable_since_ = sleeps ? now_ : last_wait_ended_;
  last_wait_ended_ = now_;
}

bool EventLoop::IsReady() {
  if (foreign_ != nullptr) return foreign_->IsReady();
  WaitForDescriptors(Duration::zero());
  return ready_ > 0;
}

void EventLoop::MeasureLag() {
  const SteadyTime oldest =
      timers_.empty() ? readable_since_ : std::min(readable_since_, timers_.MinKey());
  lag_ = now_ - oldest;
}

void EventLoop::DispatchSlice() {
  if (foreign_ != nullptr) foreign_->Dispatch();
  const std::size_t end = std::min(ready_, next_event_ + kEventsPerTurn);
  while (next_event_ < end) {
    const epoll_event event = events_[next_event_++];
    if (event.data.ptr == nullptr) continue;  // to wake up was all it wanted
    static_cast<IoHandler*>(event.data.ptr)->OnEvents(event.events);
  }
}

void EventLoop::BlockUntilNextTimer() {
  is_asleep_ = true;
  if (HasWork()) {  // came after the look; its Wake() may have found the loop awake
    is_asleep_ = false;
    return;
  }
  std::optional<Duration> time;
  if (!timers_.empty()) time = std::max(timers_.MinKey() - clock_.Now(), Duration::zero());
  if (foreign_ != nullptr) {
    foreign_->Wait(time);
  } else {
    WaitForDescriptors(time);
  }
  is_asleep_ = false;
}

void EventLoop::WaitForDescriptors(const std::optional<Duration>& time) {
  const timespec wait = ToTimespec(time.value_or(Duration::zero()));
  const int size = static_cast<int>(events_.size());
  int n = epoll_pwait2(epoll_.get(), events_.data(), size, time ? &wait : nullptr, nullptr);
  if (n < 0 && errno == ENOSYS) {  // before Linux 5.11: whole milliseconds, rounded up
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time.value_or(-1ms)).count();
    n = epoll_wait(epoll_.get(), events_.data(), size, static_cast<int>(ms));
  }
  next_event_ = 0;
  ready_ = n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool EventLoop::HasWork() const {
  if (stop_ || has_posted_) return true;
  for (const Inbox* inbox : inboxes_) {
    if (!inbox->IsEmpty()) return true;
  }
  return false;
}

void EventLoop::RunTimers() {
  // One now for all, and none that was armed meanwhile: it waits for a later turn.
  const SteadyTime now = clock_.Now();
  ++timer_round_;
  while (!timers_.empty() && timers_.MinKey() <= now &&
         timers_.MinValue().armed_in != timer_round_) {
    if (metrics_.shard != nullptr) {
      metrics_.shard->Observe(metrics_.timer_lag, ToSeconds(now - timers_.MinKey()));
    }
    const Timer timer = timers_.TakeMin();
    timer.task();
  }
}

void EventLoop::TakeInboxes() {
  for (Inbox* inbox : inboxes_) {
    if (!inbox->IsEmpty()) inbox->TakeAllOnLoop();
  }
}

void EventLoop::RunPosted() {
  if (!has_posted_) return;
  std::vector<Task> tasks;
  {
    MutexLock lock(posted_mutex_);
    tasks.swap(posted_);
    has_posted_ = false;
  }
  for (const Task& task : tasks) task();
}

}  // namespace baton::net
