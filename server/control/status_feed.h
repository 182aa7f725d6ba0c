// The newest sample of what the server does, for whoever watches.
#pragma once

#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <utility>

#include "server/base/mutex.h"
#include "server/control/status_sample.h"

namespace baton::control {

// One takes samples, however many watch. Nothing is kept for those who are slow: they find the
// newest.
//
// Threads: any.
class StatusFeed {
 private:
  using Watchers = std::list<std::function<void()>>;

 public:
  StatusFeed() = default;
  StatusFeed(const StatusFeed&) = delete;
  StatusFeed& operator=(const StatusFeed&) = delete;

  // Being told of samples. Nothing is told any more once it has gone. The feed outlives it.
  class Subscription {
   public:
    Subscription(StatusFeed& feed, Watchers::iterator place) : feed_(feed), place_(place) {}
    ~Subscription() { feed_.Remove(place_); }
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    StatusFeed& feed_;
    const Watchers::iterator place_;
  };

  // `told` runs under a lock, on the thread that publishes: it posts.
  std::unique_ptr<Subscription> Subscribe(std::function<void()> told) BATON_EXCLUDES(mutex_);

  // Never null.
  std::shared_ptr<const StatusSample> Newest() const BATON_EXCLUDES(mutex_);

  void Publish(StatusSample sample) BATON_EXCLUDES(mutex_);

 private:
  void Remove(Watchers::iterator watcher) BATON_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  std::shared_ptr<const StatusSample> newest_ BATON_GUARDED_BY(mutex_) =
      std::make_shared<const StatusSample>();
  Watchers watchers_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::control
