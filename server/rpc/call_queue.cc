// Waiting for events, and being woken by an alarm that rings at once.
#include "server/rpc/call_queue.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "server/base/thread_name.h"
#include "server/rpc/tag_thread.h"

namespace baton::rpc {
namespace {

constexpr int kEventsPerSlice = 64;
constexpr std::size_t kMostEventsTaken = 1024;

gpr_timespec After(Duration left) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

}  // namespace

CallQueue::CallQueue() : queue_(grpc::ServerBuilder().AddCompletionQueue()) {}

CallQueue::~CallQueue() {
  RunByItself();
  {
    MutexLock lock(mutex_);
    is_closed_ = true;
    queue_->Shutdown();
  }
  own_thread_.join();
}

// True when there is an event for this thread.
bool CallQueue::TakeOne(gpr_timespec until) {
  while (true) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_->AsyncNext(&tag, &ok, until)) {
      case grpc::CompletionQueue::GOT_EVENT: break;
      case grpc::CompletionQueue::SHUTDOWN: has_ended_ = true; return false;
      case grpc::CompletionQueue::TIMEOUT: return false;
    }
    QueueTag& found = QueueTag::From(tag);
    if (found.thread() == nullptr) {
      found_.push_back({&found, ok});
      return true;
    }
    found.thread()->Hand(found, ok);
  }
}

bool CallQueue::Find(gpr_timespec until) { return !found_.empty() || TakeOne(until); }

bool CallQueue::IsReady() { return Find(gpr_time_0(GPR_CLOCK_MONOTONIC)); }

// gRPC counts in milliseconds, and rounds up twice: the last two are slept in naps.
void CallQueue::Wait(std::optional<Duration> time) {
  constexpr Duration kCoarse = 2ms;
  constexpr Duration kNap = 100us;
  if (!time) {
    Find(gpr_inf_future(GPR_CLOCK_MONOTONIC));
    return;
  }
  const SteadyTime until = std::chrono::steady_clock::now() + *time;
  if (*time > kCoarse && Find(After(*time - kCoarse))) return;
  while (!IsReady() && !has_ended_) {
    const Duration left = until - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return;
    std::this_thread::sleep_for(std::min(left, kNap));
  }
}

// What is for others does not wait for the events before it, but for those of a slice where
// thousands wait.
void CallQueue::TakeMore() {
  while (found_.size() < kMostEventsTaken && TakeOne(gpr_time_0(GPR_CLOCK_MONOTONIC))) {
  }
}

void CallQueue::HandleSome() {
  TakeMore();
  for (int i = 0; i < kEventsPerSlice && !found_.empty(); ++i) {
    const Event event = found_.front();
    found_.pop_front();
    event.tag->Handle(event.ok);
  }
}

void CallQueue::RunToEnd() {
  while (!has_ended_ || !found_.empty()) {
    Wait(std::nullopt);
    HandleSome();
  }
}

void CallQueue::RunByItself() {
  if (own_thread_.joinable()) return;
  own_thread_ = std::jthread([this] {
    NameThisThread("grpc-queue");
    RunToEnd();
  });
}

void CallQueue::Post(Task task) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  posted_.push_back(std::move(task));
  WakeLocked();
}

void CallQueue::Wake() {
  MutexLock lock(mutex_);
  WakeLocked();
}

// gRPC wakes the thread that waits for each event: many tasks come with one.
void CallQueue::WakeLocked() {
  if (is_closed_ || std::exchange(is_woken_, true)) return;
  alarm_.Set(&*queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), woken_.ToVoid());
}

void CallQueue::OnWoken(bool /*ok*/) {
  {
    MutexLock lock(mutex_);
    is_woken_ = false;
    taken_.swap(posted_);
  }
  for (const Task& task : taken_) task();
  taken_.clear();
}

}  // namespace baton::rpc
