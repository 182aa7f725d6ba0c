// Who still hears from a completion queue, or has something to do there.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "server/base/mutex.h"

namespace baton::rpc {

// Counts them, so that what they refer to can wait until they have gone.
//
// Threads: any.
class OpenTags {
 public:
  void Add() BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++count_;
  }
  void Remove() BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (--count_ == 0) are_gone_.NotifyAll();
  }
  // One of them, for as long as it lives.
  class One {
   public:
    explicit One(OpenTags& all) : all_(all) { all_.Add(); }
    ~One() { all_.Remove(); }
    One(const One&) = delete;
    One& operator=(const One&) = delete;

   private:
    OpenTags& all_;
  };

  // `task`, which is one of them until it has run.
  std::function<void()> Counting(std::function<void()> task) {
    return [one = std::make_shared<One>(*this), task = std::move(task)] { task(); };
  }

  void WaitUntilGone() BATON_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (count_ > 0) are_gone_.Wait(lock);
  }

 private:
  Mutex mutex_;
  CondVar are_gone_;
  std::size_t count_ BATON_GUARDED_BY(mutex_) = 0;
};

}  // namespace baton::rpc
