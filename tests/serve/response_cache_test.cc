// Who gets an answer that is there, who runs, who waits for whom, and what is kept of it.
#include "server/serve/response_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/base/mutex.h"

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{1000ms};

RequestId Id(std::uint64_t number) { return RequestId{number}; }

CacheKey KeyFor(std::string_view body) { return KeyOf({.format = 1, .version = 1, .body = body}); }

std::shared_ptr<const CachedAnswer> AnswerOf(std::string body, SteadyTime created = kStart) {
  return std::make_shared<const CachedAnswer>(CachedAnswer{std::move(body), {}, false, created});
}

// Remembers what it heard: "7: body", "7: lead".
class FakeWaiter final : public CacheWaiter {
 public:
  void OnCached(RequestId id, std::shared_ptr<const CachedAnswer> answer) override {
    heard.push_back(std::to_string(static_cast<std::uint64_t>(id)) + ": " +
                    (answer ? answer->body : "lead"));
  }
  std::vector<std::string> heard;
};

using Heard = std::vector<std::string>;

class ResponseCacheTest : public testing::Test {
 protected:
  // "hit 1", "miss", "joined".
  std::string Look(const std::string& body, std::uint64_t id, SteadyTime now = kStart) {
    const auto found = cache_.Look(KeyFor(body), now, waiter_, Id(id));
    std::string text(ToText(found.state));
    if (found.answer) text += " " + found.answer->body;
    return text;
  }
  void Finish(const std::string& body, std::uint64_t id, const std::string& answer,
              SteadyTime now = kStart) {
    cache_.Finish(KeyFor(body), Id(id), AnswerOf(answer, now));
  }
  void Leave(const std::string& body, std::uint64_t id) { cache_.Leave(KeyFor(body), Id(id)); }
  // Leads and finishes.
  void Store(const std::string& body, const std::string& answer, SteadyTime now = kStart) {
    ASSERT_EQ(Look(body, ++last_id_, now), "miss");
    Finish(body, last_id_, answer, now);
  }

  ResponseCache cache_{{.max_bytes = 10'000, .max_age = 10s}};
  FakeWaiter waiter_;
  std::uint64_t last_id_ = 1000;
};

TEST_F(ResponseCacheTest, TheFirstOfEqualRequestsLeadsAndItsAnswerIsFoundAfterwards) {
  EXPECT_EQ(Look("a", 1), "miss");
  Finish("a", 1, "A");
  EXPECT_EQ(Look("a", 2), "hit A");
  EXPECT_EQ(Look("b", 3), "miss");
}

TEST_F(ResponseCacheTest, RequestsEqualToOneThatRunsJoinItAndGetItsAnswer) {
  EXPECT_EQ(Look("a", 1), "miss");
  EXPECT_EQ(Look("a", 2), "joined");
  EXPECT_EQ(Look("a", 3), "joined");
  EXPECT_TRUE(waiter_.heard.empty());
  Finish("a", 1, "A");
  EXPECT_EQ(waiter_.heard, (Heard{"2: A", "3: A"}));
}

TEST_F(ResponseCacheTest, WhenTheLeaderLeavesOneOfThoseWhoJoinedLeads) {
  Look("a", 1);
  Look("a", 2);
  Look("a", 3);
  Leave("a", 1);
  EXPECT_EQ(waiter_.heard, (Heard{"2: lead"}));
  Finish("a", 2, "A");
  EXPECT_EQ(waiter_.heard, (Heard{"2: lead", "3: A"}));
}

TEST_F(ResponseCacheTest, WhoIsMadeLeaderMayLeaveInTurn) {
  Look("a", 1);
  Look("a", 2);
  Look("a", 3);
  Leave("a", 1);
  Leave("a", 2);
  EXPECT_EQ(waiter_.heard, (Heard{"2: lead", "3: lead"}));
  Leave("a", 3);
  EXPECT_EQ(cache_.figures().flights, 0u);
  EXPECT_EQ(Look("a", 4), "miss");
}

TEST_F(ResponseCacheTest, WhoLeavesHearsNothing) {
  Look("a", 1);
  Look("a", 2);
  Look("a", 3);
  Leave("a", 2);
  Finish("a", 1, "A");
  EXPECT_EQ(waiter_.heard, (Heard{"3: A"}));
}

TEST_F(ResponseCacheTest, WhatIsSaidByOneWhoDoesNotLeadIsIgnored) {
  Look("a", 1);
  Look("a", 2);
  Finish("a", 2, "wrong");
  Finish("b", 2, "wrong");
  Leave("a", 9);
  Leave("b", 9);
  EXPECT_TRUE(waiter_.heard.empty());
  EXPECT_EQ(Look("a", 3), "joined");
  EXPECT_EQ(cache_.figures().stored, 0u);
}

TEST_F(ResponseCacheTest, AnAnswerIsFoundUntilItsAgeIsOverTheBound) {
  Store("a", "A");
  const auto found = cache_.Look(KeyFor("a"), kStart + 10s, waiter_, Id(1));
  EXPECT_EQ(found.state, CacheState::kHit);
  EXPECT_EQ(found.age, 10s);
  EXPECT_EQ(Look("a", 2, kStart + 10s + 1ns), "miss");
  EXPECT_EQ(cache_.figures().entries, 0u);
  EXPECT_EQ(cache_.figures().bytes, 0u);
}

TEST_F(ResponseCacheTest, AnAgeIsNeverNegative) {
  Store("a", "A", kStart + 1s);
  EXPECT_EQ(cache_.Look(KeyFor("a"), kStart, waiter_, Id(1)).age, 0s);
}

TEST_F(ResponseCacheTest, TheLeastRecentlyUsedGoesFirstWhenThereIsTooMuch) {
  const std::string body(680, 'x');  // ten of them fill it
  for (int i = 0; i < 10; ++i) Store("key " + std::to_string(i), body);
  EXPECT_EQ(cache_.figures().entries, 10u);
  EXPECT_EQ(cache_.figures().bytes, 10 * (680 + ResponseCache::kEntryBytes));
  Look("key 0", 1);
  Store("one more", body);
  EXPECT_EQ(Look("key 0", 2), "hit " + body);
  EXPECT_EQ(Look("key 1", 3), "miss");
  EXPECT_EQ(cache_.figures().evicted, 1u);
  EXPECT_LE(cache_.figures().bytes, 10'000u);
}

TEST_F(ResponseCacheTest, AnAnswerOverATenthOfTheBoundIsHandedOnAndNotKept) {
  const std::string large(1000 - ResponseCache::kEntryBytes + 1, 'x');
  Look("a", 1);
  Look("a", 2);
  Finish("a", 1, large);
  EXPECT_EQ(waiter_.heard, (Heard{"2: " + large}));
  EXPECT_EQ(cache_.figures().stored, 0u);
  EXPECT_EQ(Look("a", 3), "miss");
}

TEST_F(ResponseCacheTest, EverythingIsCounted) {
  Store("a", "A");
  Look("a", 1);
  Look("b", 2);
  Look("b", 3);
  Look("b", 4);
  const auto figures = cache_.figures();
  EXPECT_EQ(figures.hits, 1u);
  EXPECT_EQ(figures.misses, 2u);
  EXPECT_EQ(figures.joined, 2u);
  EXPECT_EQ(figures.stored, 1u);
  EXPECT_EQ(figures.entries, 1u);
  EXPECT_EQ(figures.flights, 1u);
}

TEST(CacheKeyTest, WhatMakesRequestsDifferentMakesKeysDifferent) {
  const CacheKeyParts parts = {.format = 1, .version = 2, .body = "body"};
  const CacheKey key = KeyOf(parts);
  EXPECT_EQ(KeyOf(parts), key);
  EXPECT_FALSE(KeyOf({.format = 2, .version = 2, .body = "body"}) == key);
  EXPECT_FALSE(KeyOf({.format = 1, .version = 3, .body = "body"}) == key);
  EXPECT_FALSE(KeyOf({.format = 1, .version = 2, .body = "bodz"}) == key);
  EXPECT_FALSE(KeyOf({.format = 1, .version = 2, .body = "body", .json_bytes = 0}) == key);
}

TEST(CacheKeyTest, WhatIsARequestsOwnIsLeftOut) {
  const auto key = [](std::string_view body, std::size_t begin, std::size_t size) {
    return KeyOf({.body = body, .own_begin = begin, .own_size = size});
  };
  EXPECT_EQ(key("ab[1]c", 2, 3), key("ab[23]c", 2, 4));
  EXPECT_FALSE(key("ab[1]c", 2, 3) == key("abc", 0, 0));
  EXPECT_FALSE(key("a[1]bc", 1, 3) == key("ab[1]c", 2, 3));
  EXPECT_EQ(key("abc", 2, 0), key("abc", 0, 0));
}

// Each thread has requests of its own and answers, leaves or waits. Whoever joined hears exactly
// once, unless it leaves, and nobody is forgotten.
class ThreadsWaiter final : public CacheWaiter {
 public:
  explicit ThreadsWaiter(ResponseCache& cache) : cache_(cache) {}

  void Bring(const CacheKey& key, RequestId id, bool leads_well) {
    {
      MutexLock lock(mutex_);
      waiting_[id] = {key, leads_well};
    }
    const auto found = cache_.Look(key, kStart, *this, id);
    if (found.state == CacheState::kHit) ++done;
    if (found.state != CacheState::kJoined) Forget(id);
    if (found.state == CacheState::kMiss) Lead(key, id, leads_well);
  }

  void OnCached(RequestId id, std::shared_ptr<const CachedAnswer> answer) override {
    const auto [key, leads_well] = Forget(id);
    if (answer) {
      ++done;
    } else {
      Lead(key, id, leads_well);
    }
  }

  std::size_t waiting() {
    MutexLock lock(mutex_);
    return waiting_.size();
  }

  std::atomic<std::uint64_t> done{0};

 private:
  using Request = std::pair<CacheKey, bool>;

  void Lead(const CacheKey& key, RequestId id, bool leads_well) {
    ++done;
    if (leads_well) {
      cache_.Finish(key, id, AnswerOf("A", kStart - 1h));  // too old for a hit
    } else {
      cache_.Leave(key, id);
    }
  }

  Request Forget(RequestId id) {
    MutexLock lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) {
      ADD_FAILURE() << "heard twice";
      return {};
    }
    const Request request = found->second;
    waiting_.erase(found);
    return request;
  }

  ResponseCache& cache_;
  Mutex mutex_;
  std::map<RequestId, Request> waiting_ BATON_GUARDED_BY(mutex_);
};

TEST(ResponseCacheThreadsTest, NobodyIsForgottenAndNobodyHearsTwice) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRequests = 1000;
  ResponseCache cache({.max_bytes = 100'000, .max_age = 10s});
  ThreadsWaiter waiter(cache);
  std::vector<CacheKey> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(KeyFor(std::to_string(i)));
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::uint64_t i = 0; i < kRequests; ++i) {
          waiter.Bring(keys[i % keys.size()], Id(thread * kRequests + i), i % 5 != 0);
        }
      });
    }
  }
  EXPECT_EQ(waiter.done, kThreads * kRequests);
  EXPECT_EQ(waiter.waiting(), 0u);
  EXPECT_EQ(cache.figures().flights, 0u);
}

}  // namespace
}  // namespace baton::serve
