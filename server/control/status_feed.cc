// Samples never change: they are replaced.
#include "server/control/status_feed.h"

namespace baton::control {

std::unique_ptr<StatusFeed::Subscription> StatusFeed::Subscribe(std::function<void()> told) {
  MutexLock lock(mutex_);
  watchers_.push_back(std::move(told));
  return std::make_unique<Subscription>(*this, std::prev(watchers_.end()));
}

void StatusFeed::Remove(Watchers::iterator watcher) {
  MutexLock lock(mutex_);
  watchers_.erase(watcher);
}

std::shared_ptr<const StatusSample> StatusFeed::Newest() const {
  MutexLock lock(mutex_);
  return newest_;
}

void StatusFeed::Publish(StatusSample sample) {
  auto published = std::make_shared<const StatusSample>(std::move(sample));
  MutexLock lock(mutex_);
  newest_ = std::move(published);
  for (const auto& told : watchers_) told();
}

}  // namespace baton::control
