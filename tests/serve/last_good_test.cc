// What is kept, for how long, and who goes first when there is too much.
#include "server/serve/last_good.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kStart{1000ms};

class LastGoodTest : public testing::Test {
 protected:
  void Put(const std::string& key, std::string body, SteadyTime now = kStart) {
    last_good_.Put(key, std::move(body), now);
  }
  // The body, or "none".
  std::string Find(const std::string& key, SteadyTime now = kStart) {
    const auto found = last_good_.Find(key, 60s, now);
    return found ? *found->body : "none";
  }
  static std::size_t BytesOf(std::size_t key_and_body) {
    return key_and_body + LastGood::kEntryBytes;
  }

  LastGood last_good_{10'000};
};

TEST_F(LastGoodTest, WhatWasPutIsFoundWithItsAge) {
  Put("ada", "1");
  const auto found = last_good_.Find("ada", 60s, kStart + 5s);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->body, "1");
  EXPECT_EQ(found->age, 5s);
  EXPECT_EQ(Find("bob"), "none");
}

TEST_F(LastGoodTest, TheLastAnswerTakesThePlaceOfTheOneBefore) {
  Put("ada", "first");
  Put("ada", "2", kStart + 1s);
  EXPECT_EQ(Find("ada"), "2");
  EXPECT_EQ(last_good_.entries(), 1u);
  EXPECT_EQ(last_good_.bytes(), BytesOf(4));
}

TEST_F(LastGoodTest, WhatIsTooOldIsDropped) {
  Put("ada", "1");
  EXPECT_EQ(Find("ada", kStart + 60s), "1");
  EXPECT_EQ(Find("ada", kStart + 60s + 1ns), "none");
  EXPECT_EQ(last_good_.entries(), 0u);
  EXPECT_EQ(last_good_.bytes(), 0u);
}

TEST_F(LastGoodTest, AnAgeIsNeverNegative) {
  Put("ada", "1", kStart + 1s);
  EXPECT_EQ(last_good_.Find("ada", 60s, kStart)->age, 0s);
}

TEST_F(LastGoodTest, TheLeastRecentlyUsedGoesFirst) {
  last_good_.SetMaxBytes(3 * BytesOf(2));
  for (const char* const key : {"a", "b", "c"}) Put(key, "1");
  EXPECT_EQ(Find("a"), "1");
  Put("d", "1");
  EXPECT_EQ(Find("b"), "none");
  for (const char* const key : {"a", "c", "d"}) EXPECT_EQ(Find(key), "1");
}

TEST_F(LastGoodTest, ItNeverHoldsMoreThanItsBound) {
  for (int i = 0; i < 500; ++i) {
    Put(std::to_string(i), std::string(static_cast<std::size_t>(i * 7 % 1000), 'x'));
    ASSERT_LE(last_good_.bytes(), 10'000u);
  }
  EXPECT_GT(last_good_.entries(), 5u);
}

TEST_F(LastGoodTest, ASmallerBoundDropsWhatIsTooMuchAtOnce) {
  for (const char* const key : {"a", "b", "c"}) Put(key, "1");
  last_good_.SetMaxBytes(BytesOf(2));
  EXPECT_EQ(last_good_.entries(), 1u);
  EXPECT_EQ(Find("c"), "1");
  last_good_.SetMaxBytes(0);
  EXPECT_EQ(last_good_.bytes(), 0u);
}

TEST_F(LastGoodTest, LongKeysAreNotKept) {
  Put(std::string(256, 'k'), "1");
  Put(std::string(257, 'k'), "1");
  EXPECT_EQ(last_good_.entries(), 1u);
}

TEST_F(LastGoodTest, AnAnswerBeyondATenthOfTheBoundIsNotKeptNorTheOneBeforeIt) {
  Put("ada", std::string(1000, 'x'));
  EXPECT_EQ(last_good_.entries(), 1u);
  Put("ada", std::string(1001, 'x'));
  EXPECT_EQ(Find("ada"), "none");
  EXPECT_EQ(last_good_.bytes(), 0u);
}

TEST_F(LastGoodTest, AFoundBodyOutlivesItsEntry) {
  Put("ada", "1");
  const auto found = last_good_.Find("ada", 60s, kStart);
  last_good_.SetMaxBytes(0);
  EXPECT_EQ(*found->body, "1");
}

TEST_F(LastGoodTest, ThreadsMayPutAndFindAtOnce) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([this] {
        for (int n = 0; n < 200; ++n) {
          Put(std::to_string(n % 60), std::string(100, 'x'));
          const std::string found = Find(std::to_string((n + 7) % 60));
          EXPECT_TRUE(found == "none" || found.size() == 100);
        }
      });
    }
  }
  EXPECT_LE(last_good_.bytes(), 10'000u);
}

}  // namespace
}  // namespace baton::serve
