// The list in order of use, and who has to leave it.
#include "server/serve/last_good.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace baton::serve {

std::size_t LastGood::BytesOf(const Entry& entry) {
  return entry.key.size() + entry.body->size() + kEntryBytes;
}

void LastGood::Put(std::string_view key, std::string body, SteadyTime now) {
  if (key.size() > kLongestKey) return;
  Entries dropped;
  Entries added;
  added.push_back({std::string(key), std::make_shared<const std::string>(std::move(body)), now});
  const std::size_t added_bytes = BytesOf(added.front());

  MutexLock lock(mutex_);
  const auto before = by_key_.find(key);
  if (before != by_key_.end()) Drop(before->second, dropped);
  if (added.front().body->size() > max_bytes_ / 10) return;
  by_key_.emplace(added.front().key, added.begin());
  entries_.splice(entries_.begin(), added);
  bytes_ += added_bytes;
  DropUntilItFits(dropped);
}

std::optional<LastGood::Found> LastGood::Find(std::string_view key, Duration max_age,
                                              SteadyTime now) {
  Entries dropped;
  MutexLock lock(mutex_);
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return std::nullopt;
  const Entries::iterator entry = at->second;
  const Duration age = std::max(Duration::zero(), now - entry->since);
  if (age > max_age) {
    Drop(entry, dropped);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return Found{entry->body, age};
}

void LastGood::SetMaxBytes(std::size_t max_bytes) {
  Entries dropped;
  MutexLock lock(mutex_);
  max_bytes_ = max_bytes;
  DropUntilItFits(dropped);
}

void LastGood::Drop(Entries::iterator entry, Entries& dropped) {
  by_key_.erase(entry->key);
  bytes_ -= BytesOf(*entry);
  dropped.splice(dropped.end(), entries_, entry);
}

void LastGood::DropUntilItFits(Entries& dropped) {
  while (bytes_ > max_bytes_) Drop(std::prev(entries_.end()), dropped);
}

std::size_t LastGood::entries() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

std::size_t LastGood::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace baton::serve
