// The project's mutex and condition variable, annotated so that clang checks who holds what.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "server/base/thread_annotations.h"

namespace baton {

// A std::mutex that the thread-safety analysis can follow.
class BATON_CAPABILITY("mutex") Mutex {
 public:
  void lock() BATON_ACQUIRE() { mutex_.lock(); }
  void unlock() BATON_RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a Mutex for a scope; Unlock and Lock bracket what must run without it.
class BATON_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BATON_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() BATON_RELEASE() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() BATON_RELEASE() { lock_.unlock(); }
  void Lock() BATON_ACQUIRE() { lock_.lock(); }

 private:
  friend class CondVar;
  std::unique_lock<std::mutex> lock_;
};

// Waits with the lock given up. Use it in a loop over its predicate:
// `while (!ready_) cv_.Wait(lock);`
class CondVar {
 public:
  void Wait(MutexLock& lock) { cv_.wait(lock.lock_); }
  std::cv_status WaitUntil(MutexLock& lock, std::chrono::steady_clock::time_point at) {
    return cv_.wait_until(lock.lock_, at);
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace baton
