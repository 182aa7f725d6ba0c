// What a version has done, summed over the threads that counted it.
#include "server/serve/version_books.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

constexpr SteadyTime kNow{1000ms};

TEST(VersionBooksTest, ARunOfOneIsABatchOfOne) {
  VersionBooks books;
  books.CountRun(1, {1ms, 20ms, 3ms}, kNow);
  books.CountRun(1, {1ms, 10ms, 1ms}, kNow + 5ms);
  const VersionTotals totals = books.Totals();
  EXPECT_EQ(totals.executions, 2u);
  EXPECT_EQ(totals.inferences, 2u);
  EXPECT_EQ(totals.decode.count, 2u);
  EXPECT_EQ(totals.decode.time, Duration(2ms));
  EXPECT_EQ(totals.predict.time, Duration(30ms));
  EXPECT_EQ(totals.encode.time, Duration(4ms));
  EXPECT_EQ(totals.last_inference, kNow + 5ms);
  ASSERT_EQ(totals.batches.size(), 1u);
  EXPECT_EQ(totals.batches.at(1).executions, 2u);
  EXPECT_EQ(totals.batches.at(1).times.predict, Duration(30ms));
}

TEST(VersionBooksTest, ARunOfSeveralCountsOnceAndItsRequestsEach) {
  VersionBooks books;
  books.CountRun(4, {4ms, 20ms, 8ms}, kNow);
  books.CountRun(1, {1ms, 10ms, 2ms}, kNow);
  books.CountRun(4, {4ms, 30ms, 8ms}, kNow);
  const VersionTotals totals = books.Totals();
  EXPECT_EQ(totals.executions, 3u);
  EXPECT_EQ(totals.inferences, 9u);
  EXPECT_EQ(totals.predict.count, 9u);
  EXPECT_EQ(totals.predict.time, Duration(60ms));
  ASSERT_EQ(totals.batches.size(), 2u);
  EXPECT_EQ(totals.batches.at(4).executions, 2u);
  EXPECT_EQ(totals.batches.at(4).times.decode, Duration(8ms));
  EXPECT_EQ(totals.batches.at(4).times.predict, Duration(50ms));
  EXPECT_EQ(totals.batches.at(4).times.encode, Duration(16ms));
  EXPECT_EQ(totals.batches.at(1).executions, 1u);
  EXPECT_EQ(totals.batches.at(1).times.decode, Duration(1ms));
  EXPECT_EQ(totals.batches.at(1).times.predict, Duration(10ms));
  EXPECT_EQ(totals.batches.at(1).times.encode, Duration(2ms));
}

TEST(VersionBooksTest, AVersionThatNeverRanHasNoBatchesAndNoLastInference) {
  const VersionBooks books;
  const VersionTotals totals = books.Totals();
  EXPECT_TRUE(totals.batches.empty());
  EXPECT_EQ(totals.last_inference, SteadyTime());
}

TEST(VersionBooksTest, OnlyAPredictionIsASuccess) {
  VersionBooks books;
  for (const Answer answer : kAllAnswers) books.CountAnswer(answer, 2ms, 10ms);
  const VersionTotals totals = books.Totals();
  EXPECT_EQ(totals.success.count, 1u);
  EXPECT_EQ(totals.success.time, Duration(10ms));
  EXPECT_EQ(totals.fail.count, kAllAnswers.size() - 1);
  EXPECT_EQ(totals.queue.count, kAllAnswers.size());
  EXPECT_EQ(totals.queue.time, Duration(2ms) * static_cast<int>(kAllAnswers.size()));
  for (const std::uint64_t count : totals.answers) EXPECT_EQ(count, 1u);
}

TEST(VersionBooksTest, WhoNeverWaitedIsNotCountedAmongThoseWhoDid) {
  VersionBooks books;
  books.CountAnswer(Answer::kRefused, -1ns, 1ms);
  books.CountAnswer(Answer::kPrediction, 0ns, 1ms);
  EXPECT_EQ(books.Totals().queue.count, 1u);
  EXPECT_EQ(books.Totals().fail.count, 1u);
}

TEST(VersionBooksTest, HitsAndMissesOfACacheAreTalliedApart) {
  VersionBooks books;
  books.CountCacheHit(1ms);
  books.CountCacheHit(2ms);
  books.CountCacheMiss(5ms);
  const VersionTotals totals = books.Totals();
  EXPECT_EQ(totals.cache_hit.count, 2u);
  EXPECT_EQ(totals.cache_hit.time, Duration(3ms));
  EXPECT_EQ(totals.cache_miss.count, 1u);
  EXPECT_EQ(totals.cache_miss.time, Duration(5ms));
}

TEST(VersionBooksTest, TheLatestRunStaysWhenAnEarlierOneIsToldAfterIt) {
  VersionBooks books;
  books.CountRun(1, {}, kNow + 2ms);
  books.CountRun(1, {}, kNow + 1ms);  // as two threads on one stripe may tell it
  EXPECT_EQ(books.Totals().last_inference, kNow + 2ms);
}

TEST(VersionBooksTest, ThreadsThatCountAtOnceLoseNothing) {
  constexpr int kThreads = 12;  // more than there are stripes
  constexpr int kEach = 200;
  VersionBooks books;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&books, i] {
      for (int run = 0; run < kEach; ++run) {
        books.CountRun(run % 2 == 0 ? 1 : 3, {1us, 2us, 3us}, kNow + i * 1ms);
        books.CountAnswer(Answer::kPrediction, 1us, 5us);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const VersionTotals totals = books.Totals();
  EXPECT_EQ(totals.executions, 1u * kThreads * kEach);
  EXPECT_EQ(totals.inferences, 2u * kThreads * kEach);
  EXPECT_EQ(totals.success.time, Duration(5us) * (kThreads * kEach));
  EXPECT_EQ(totals.batches.at(3).executions, kThreads * kEach / 2u);
  EXPECT_EQ(totals.batches.at(1).times.encode, Duration(3us) * (kThreads * kEach / 2));
  EXPECT_EQ(totals.last_inference, kNow + (kThreads - 1) * 1ms);
}

}  // namespace
}  // namespace baton::serve
