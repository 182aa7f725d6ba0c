// Predictions by the content of their requests, so that equal ones are computed once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/cache_key.h"
#include "server/serve/cache_state.h"
#include "server/serve/ticket.h"

namespace baton::serve {

struct CachePolicy {
  std::size_t max_bytes = std::size_t{64} << 20U;
  Duration max_age = 10s;
};

// A prediction without what was about the first request only.
struct CachedAnswer {
  std::string body;
  std::optional<std::size_t> json_bytes = {};  // of it, see Outcome
  bool may_be_gzip = false;                    // see Outcome
  SteadyTime created;
};

// Whoever brings requests that join others. Threads: any; called without a lock.
class CacheWaiter {
 public:
  virtual ~CacheWaiter() = default;
  // The prediction that `id` has joined for. Null: there is none, and `id` leads from now on, as
  // after kMiss.
  virtual void OnCached(RequestId id, std::shared_ptr<const CachedAnswer> answer) = 0;
};

// Of equal requests the first one leads: it runs, and the others join it. It ends that with Finish
// when it has a prediction, or with Leave for whatever else becomes of it; one of those who joined
// leads then. Who joined keeps its own deadline, and leaves when that is near.
//
// Least recently used answers go first; those over a tenth of the bound are handed on and not kept.
//
// Threads: any. Cost: O(1) under one short lock, but for a step for each who joined; answers are
// shared, not copied.
class ResponseCache {
 public:
  // What an answer counts for beside its body: its key, twice, and its places in list and map.
  static constexpr std::size_t kEntryBytes = 320;

  explicit ResponseCache(const CachePolicy& policy) : policy_(policy) {}

  struct Found {
    CacheState state = CacheState::kMiss;        // never kNone
    std::shared_ptr<const CachedAnswer> answer;  // of a hit
    Duration age = Duration::zero();             // of a hit
  };
  // `waiter` hears of `id` when that has joined, and outlives it.
  Found Look(const CacheKey& key, SteadyTime now, CacheWaiter& waiter, RequestId id)
      BATON_EXCLUDES(mutex_);

  // From who leads: its prediction. Keeps it, and hands it to all who joined. From anybody else it
  // is ignored.
  void Finish(const CacheKey& key, RequestId id, std::shared_ptr<const CachedAnswer> answer)
      BATON_EXCLUDES(mutex_);
  // From who leads or has joined, and will not answer or wait any more. From anybody else it is
  // ignored: the answer may be on its way.
  void Leave(const CacheKey& key, RequestId id) BATON_EXCLUDES(mutex_);

  struct Figures {
    std::uint64_t hits = 0, misses = 0, joined = 0;
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;  // to make room
    std::size_t entries = 0, bytes = 0;
    std::size_t flights = 0;  // that somebody leads now
  };
  Figures figures() const BATON_EXCLUDES(mutex_);

 private:
  struct Entry {
    CacheKey key;
    std::shared_ptr<const CachedAnswer> answer;
  };
  using Entries = std::list<Entry>;
  struct Flight {
    RequestId leader{};
    std::map<RequestId, CacheWaiter*> joined;
  };

  static std::size_t BytesOf(const Entry& entry);
  // Entries leave into `dropped`, to be freed without the lock.
  void Drop(Entries::iterator entry, Entries& dropped) BATON_REQUIRES(mutex_);
  void Keep(Entries& added, Entries& dropped) BATON_REQUIRES(mutex_);

  const CachePolicy policy_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  Entries entries_ BATON_GUARDED_BY(mutex_);  // the most recently used first
  std::unordered_map<CacheKey, Entries::iterator, CacheKeyHash> by_key_ BATON_GUARDED_BY(mutex_);
  std::unordered_map<CacheKey, Flight, CacheKeyHash> flights_ BATON_GUARDED_BY(mutex_);
  Figures figures_ BATON_GUARDED_BY(mutex_);  // all but the last three
  std::size_t bytes_ BATON_GUARDED_BY(mutex_) = 0;
};

}  // namespace baton::serve
