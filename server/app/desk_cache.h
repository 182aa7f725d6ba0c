// A desk's side of the response caches: looks, leads, joins, and hears of answers on its loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/plan.h"
#include "server/app/request_records.h"
#include "server/base/mutex.h"
#include "server/metrics/registry.h"
#include "server/net/event_loop.h"
#include "server/serve/reply.h"
#include "server/serve/response_cache.h"

namespace baton::app {

// Of a request that a cache looks into.
inline constexpr std::size_t kMostCachedBytes = std::size_t{64} << 10U;

// Of all requests of a loop that wait for an equal one; what comes beyond them runs by itself, and
// is counted by admission.
inline constexpr std::size_t kMostParkedBytes = std::size_t{16} << 20U;

// Answers from the caches on their way to one loop.
//
// Threads: OnCached from any; the rest on the loop.
class CachedInbox final : public net::Inbox, public serve::CacheWaiter {
 public:
  using Callback =
      std::function<void(serve::RequestId, const std::shared_ptr<const serve::CachedAnswer>&)>;
  CachedInbox(net::EventLoop& loop, Callback on_cached)
      : loop_(loop), on_cached_(std::move(on_cached)) {}

  void OnCached(serve::RequestId id, std::shared_ptr<const serve::CachedAnswer> answer) override;
  bool IsEmpty() const override { return is_empty_; }
  void TakeAllOnLoop() override;

 private:
  using Item = std::pair<serve::RequestId, std::shared_ptr<const serve::CachedAnswer>>;

  net::EventLoop& loop_;
  const Callback on_cached_;
  std::atomic<bool> is_empty_{true};

  Mutex mutex_;
  std::vector<Item> items_ BATON_GUARDED_BY(mutex_);

  // Loop thread.
  std::vector<Item> taken_;
};

// Threads: the loop's.
// Invariant: a record has a cache while it leads or has joined there, and no longer.
class DeskCache {
 public:
  // `on_cached` as CacheWaiter::OnCached, on the loop.
  DeskCache(net::EventLoop& loop, metrics::Shard& shard, CachedInbox::Callback on_cached);

  // For a request whose plan has a cache. Leaves in the record what came of it: nothing where its
  // plan has no part of its own, which is of what may not be cached.
  serve::ResponseCache::Found Look(RequestRecord& record, const api::Plan& plan,
                                   std::string_view body, SteadyTime now);

  // Keeps the ticket of who has joined, which may have to run after all, until it is released.
  void Park(RequestRecord& record, std::unique_ptr<serve::Ticket> ticket);
  std::unique_ptr<serve::Ticket> Release(RequestRecord& record);

  // The end of who leads: with a prediction, which others get, or else.
  void Finish(RequestRecord& record, const serve::Reply& reply, SteadyTime now);
  // Also of who has joined.
  void Leave(RequestRecord& record);

  // The answer for this request: with its id, where it has one.
  static std::string BodyFor(const RequestRecord& record, const serve::CachedAnswer& answer);

 private:
  metrics::Shard& shard_;
  CachedInbox inbox_;
  std::size_t parked_bytes_ = 0;
};

}  // namespace baton::app
