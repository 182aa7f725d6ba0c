// gRPC's completion queue, with one thread that takes what it brings.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/rpc/queue_tag.h"

namespace baton::rpc {

// Everything that gRPC does for the connections of its servers happens on the thread that waits
// here, but for writes that are begun on another and do not block. All of gRPC's pollers in a
// process share one set of sockets, and take each other's events: servers share a queue instead.
// Tags that have a thread of their own are handed to it before the slice in which they are found is
// handled.
//
// Threads: Post and Wake from any; RunByItself and the destructor from one, while nobody else runs
// it; everything else on the queue's, which is one at a time.
class CallQueue {
 public:
  using Task = std::function<void()>;

  CallQueue();
  // Requires: its servers are gone, and nothing asks for a tag any more.
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // Where tags are asked for: a QueueTag's.
  grpc::ServerCompletionQueue& tags() { return *queue_; }

  // An event is there to be handled; a Wake is one, too.
  bool IsReady();
  // For an event: for so long at most, or for ever.
  void Wait(std::optional<Duration> time);
  // Handles what is ready, a slice of it.
  void HandleSome();

  // From now on a thread of its own runs it. A second call does nothing.
  void RunByItself();

  // Runs `task` on the queue's thread, sooner or later.
  void Post(Task task) BATON_EXCLUDES(mutex_);
  void Wake() BATON_EXCLUDES(mutex_);

 private:
  struct Event {
    QueueTag* tag = nullptr;
    bool ok = false;
  };

  bool Find(gpr_timespec until);
  bool TakeOne(gpr_timespec until);
  void TakeMore();
  void RunToEnd();
  void OnWoken(bool ok) BATON_EXCLUDES(mutex_);
  void WakeLocked() BATON_REQUIRES(mutex_);

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;

  // Queue's thread.
  std::deque<Event> found_;  // still to be handled
  bool has_ended_ = false;
  std::vector<Task> taken_;
  TagOf<CallQueue, &CallQueue::OnWoken> woken_{*this};

  Mutex mutex_;
  std::vector<Task> posted_ BATON_GUARDED_BY(mutex_);
  bool is_closed_ BATON_GUARDED_BY(mutex_) = false;
  bool is_woken_ BATON_GUARDED_BY(mutex_) = false;  // alarm_ is on its way
  grpc::Alarm alarm_ BATON_GUARDED_BY(mutex_);

  std::jthread own_thread_;
};

}  // namespace baton::rpc
