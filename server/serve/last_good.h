// The last good answer for each key, bounded in bytes: a fallback.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/mutex.h"

namespace baton::serve {

// Least recently used entries go first. Keys beyond 256 bytes and answers beyond a tenth of the
// bound are not kept; such an answer still takes the place of an older one, so that what is found
// is always the last.
//
// Threads: any. Cost: O(1) under one short lock; bodies are shared, not copied, by Find.
class LastGood {
 public:
  static constexpr std::size_t kLongestKey = 256;
  // What an entry counts for beside its key and its body.
  static constexpr std::size_t kEntryBytes = 192;

  struct Found {
    std::shared_ptr<const std::string> body;
    Duration age = Duration::zero();
  };

  explicit LastGood(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void Put(std::string_view key, std::string body, SteadyTime now) BATON_EXCLUDES(mutex_);
  // Nothing when there is none, or it is older than `max_age` (it is dropped then).
  std::optional<Found> Find(std::string_view key, Duration max_age, SteadyTime now)
      BATON_EXCLUDES(mutex_);
  // Drops what is too much at once.
  void SetMaxBytes(std::size_t max_bytes) BATON_EXCLUDES(mutex_);

  std::size_t entries() const BATON_EXCLUDES(mutex_);
  std::size_t bytes() const BATON_EXCLUDES(mutex_);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const std::string> body;
    SteadyTime since;
  };
  using Entries = std::list<Entry>;

  static std::size_t BytesOf(const Entry& entry);
  // Entries leave into `dropped`, to be freed without the lock.
  void Drop(Entries::iterator entry, Entries& dropped) BATON_REQUIRES(mutex_);
  void DropUntilItFits(Entries& dropped) BATON_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::size_t max_bytes_ BATON_GUARDED_BY(mutex_);
  std::size_t bytes_ BATON_GUARDED_BY(mutex_) = 0;
  Entries entries_ BATON_GUARDED_BY(mutex_);  // the most recently used first
  // Keys are views of the entries'.
  std::unordered_map<std::string_view, Entries::iterator> by_key_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::serve
