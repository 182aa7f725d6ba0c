// One way in, one way out: each entry is claimed once, whoever comes first.
#include "server/serve/pending_responses.h"

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr RequestId kFirst{1};
constexpr RequestId kSecond{2};

PendingResponse Response(std::uint32_t record) { return {ReplyFuture(), Deadline(), record}; }

TEST(PendingResponsesTest, WhatWasAddedIsPendingUntilItIsClaimed) {
  PendingResponses pending(10);
  ASSERT_TRUE(pending.Add(kFirst, Response(7)));
  EXPECT_TRUE(pending.IsPending(kFirst));
  EXPECT_FALSE(pending.IsPending(kSecond));
  EXPECT_TRUE(pending.Claim(kFirst).has_value());
  EXPECT_FALSE(pending.IsPending(kFirst));
}

TEST(PendingResponsesTest, ASecondClaimFindsNothing) {
  PendingResponses pending(10);
  ASSERT_TRUE(pending.Add(kFirst, Response(7)));
  EXPECT_TRUE(pending.Claim(kFirst).has_value());
  EXPECT_FALSE(pending.Claim(kFirst).has_value());
  EXPECT_EQ(pending.claimed(), 1u);
}

TEST(PendingResponsesTest, TheClaimBringsEverythingThatWasAdded) {
  PendingResponses pending(10);
  ReplyPromise promise;
  const Deadline deadline(SteadyTime(1s), 50ms);
  ASSERT_TRUE(pending.Add(kFirst, {promise.future(), deadline, 7}));
  Reply reply;
  reply.body = "{}";
  promise.Keep(std::move(reply));
  std::optional<PendingResponse> claimed = pending.Claim(kFirst);
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->future.Take().body, "{}");
  EXPECT_EQ(claimed->deadline.at(), deadline.at());
  EXPECT_EQ(claimed->record, 7u);
}

TEST(PendingResponsesTest, ItsRecordCanBeReadWithoutAClaim) {
  PendingResponses pending(10);
  ASSERT_TRUE(pending.Add(kFirst, Response(7)));
  EXPECT_EQ(pending.RecordOf(kFirst), 7u);
  EXPECT_TRUE(pending.IsPending(kFirst));
  pending.Claim(kFirst);
  EXPECT_EQ(pending.RecordOf(kFirst), std::nullopt);
}

TEST(PendingResponsesTest, AtItsLimitItTakesNoMoreUntilOneIsClaimed) {
  PendingResponses pending(2);
  ASSERT_TRUE(pending.Add(kFirst, Response(1)));
  ASSERT_TRUE(pending.Add(kSecond, Response(2)));
  const Status refused = pending.Add(RequestId{3}, Response(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(refused.error().message.find("limit of 2"), std::string::npos);
  EXPECT_FALSE(pending.IsPending(RequestId{3}));
  EXPECT_EQ(pending.added(), 2u);
  pending.Claim(kFirst);
  EXPECT_TRUE(pending.Add(RequestId{3}, Response(3)));
}

TEST(PendingResponsesTest, ALowerLimitDrivesNobodyOutAndAHigherOneLetsMoreIn) {
  PendingResponses pending(2);
  ASSERT_TRUE(pending.Add(kFirst, Response(1)));
  ASSERT_TRUE(pending.Add(kSecond, Response(2)));
  pending.SetLimit(1);
  EXPECT_TRUE(pending.IsPending(kSecond));
  pending.Claim(kFirst);
  EXPECT_FALSE(pending.Add(RequestId{3}, Response(3)));
  pending.SetLimit(2);
  EXPECT_TRUE(pending.Add(RequestId{3}, Response(3)));
}

TEST(PendingResponsesTest, AddedIsClaimedPlusSize) {
  PendingResponses pending(100);
  for (std::uint64_t id = 0; id < 50; ++id) ASSERT_TRUE(pending.Add(RequestId{id}, Response(0)));
  for (std::uint64_t id = 0; id < 50; id += 3) pending.Claim(RequestId{id});
  EXPECT_EQ(pending.added(), 50u);
  EXPECT_EQ(pending.claimed(), 17u);
  EXPECT_EQ(pending.size(), 33u);
}

TEST(PendingResponsesDeathTest, AnIdThatIsPendingAlreadyEndsTheProcess) {
  PendingResponses pending(10);
  ASSERT_TRUE(pending.Add(kFirst, Response(1)));
  EXPECT_DEATH(static_cast<void>(pending.Add(kFirst, Response(2))), "check failed");
}

TEST(PendingResponsesThreadsTest, OfFourThreadsThatRaceForEachEntryExactlyOneWins) {
  constexpr std::uint64_t kIds = 10'000;
  constexpr std::uint64_t kThreads = 4;
  PendingResponses pending(kIds);
  for (std::uint64_t id = 0; id < kIds; ++id) {
    ASSERT_TRUE(pending.Add(RequestId{id}, Response(static_cast<std::uint32_t>(id))));
  }
  std::vector<std::atomic<int>> winners(kIds);
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t id = 0; id < kIds; ++id) {
          const std::optional<PendingResponse> claimed = pending.Claim(RequestId{id});
          if (claimed && claimed->record == id) ++winners[id];
        }
      });
    }
  }
  for (std::uint64_t id = 0; id < kIds; ++id) ASSERT_EQ(winners[id], 1) << "id " << id;
  EXPECT_EQ(pending.claimed(), kIds);
  EXPECT_EQ(pending.size(), 0u);
}

TEST(PendingResponsesThreadsTest, TheBooksAreRightWhileSomeAddAndOthersClaim) {
  constexpr std::uint64_t kIds = 2'000;
  PendingResponses pending(2 * kIds);
  std::atomic<std::uint64_t> won{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t id = t; id < 2 * kIds; id += 2) {
          EXPECT_TRUE(pending.Add(RequestId{id}, Response(0)));
        }
      });
      threads.emplace_back([&] {
        for (std::uint64_t id = 0; id < 2 * kIds; ++id) won += pending.Claim(RequestId{id}) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(pending.added(), 2 * kIds);
  EXPECT_EQ(pending.claimed(), won);
  EXPECT_EQ(pending.size(), 2 * kIds - won);
}

}  // namespace
}  // namespace baton::serve
