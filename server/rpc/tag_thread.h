// A thread for calls that are not to wait for the thread that runs their queue, nor to hold it up.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "server/base/mutex.h"

namespace baton::rpc {

class QueueTag;

// Handles tags and runs tasks in the order in which they came.
//
// Threads: Hand and Post from any; Stop and the destructor from one.
class TagThread {
 public:
  using Task = std::function<void()>;

  explicit TagThread(const char* name);
  ~TagThread() { Stop(); }
  TagThread(const TagThread&) = delete;
  TagThread& operator=(const TagThread&) = delete;

  // The tag lives until it is handled.
  void Hand(QueueTag& tag, bool ok);
  // Dropped after Stop.
  void Post(Task task) BATON_EXCLUDES(mutex_);

  // When all that has come is done.
  void Stop() BATON_EXCLUDES(mutex_);

 private:
  void Run() BATON_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar is_there_;
  std::vector<Task> posted_ BATON_GUARDED_BY(mutex_);
  bool is_stopped_ BATON_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last
};

}  // namespace baton::rpc
