// What a shard counts, where, and that threads do not disturb each other.
#include "server/metrics/shard.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/metrics/registry.h"

namespace baton::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The observations in each bucket of a shard, not cumulative, +Inf last.
std::vector<std::uint64_t> Buckets(const Shard& shard, const Histogram& histogram) {
  std::vector<std::uint64_t> counts;
  for (std::uint32_t i = 0; i <= histogram.bounds->size(); ++i) {
    counts.push_back(shard.Bits(histogram.first_cell + i));
  }
  return counts;
}

TEST(ShardTest, ADefaultCounterAndHistogramAreIgnored) {
  Shard shard;
  shard.Add(Counter{});
  shard.Observe(Histogram{}, 1);
  EXPECT_EQ(shard.Bits(0), 0u);
}

TEST(ShardTest, ACellThatWasNeverUsedReadsAsZero) {
  const Shard shard;
  EXPECT_EQ(shard.Bits(Shard::kCellsPerChunk * Shard::kMaxChunks - 1), 0u);
}

TEST(ShardTest, CellsOfDifferentChunksAreKeptApart) {
  Shard shard;
  for (const std::uint32_t cell : {1u, 1023u, 1024u, 1025u, 40'000u}) {
    shard.Add(Counter{cell}, cell);
  }
  for (const std::uint32_t cell : {1u, 1023u, 1024u, 1025u, 40'000u}) {
    EXPECT_EQ(std::bit_cast<double>(shard.Bits(cell)), cell);
  }
  EXPECT_EQ(shard.Bits(2), 0u);
}

TEST(ShardTest, AValueOnABoundCountsInTheBucketOfThatBound) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1, 2, 4});
  Shard& shard = *registry.TakeShard();
  shard.Observe(histogram, 1);
  shard.Observe(histogram, 2);
  shard.Observe(histogram, std::nextafter(2, 3));
  shard.Observe(histogram, 4);
  EXPECT_EQ(Buckets(shard, histogram), (std::vector<std::uint64_t>{1, 1, 2, 0}));
}

TEST(ShardTest, ValuesBelowTheFirstAndAboveTheLastBoundAreCounted) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1, 2});
  Shard& shard = *registry.TakeShard();
  shard.Observe(histogram, 0);
  shard.Observe(histogram, -3);
  shard.Observe(histogram, 2.5);
  EXPECT_EQ(Buckets(shard, histogram), (std::vector<std::uint64_t>{2, 0, 1}));
  EXPECT_EQ(registry.Sum(histogram), -0.5);
}

TEST(ShardTest, AValueThatIsNotFiniteIsCountedButLeavesTheSumUsable) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1});
  Shard& shard = *registry.TakeShard();
  shard.Observe(histogram, 0.25);
  for (const double value : {kInfinity, -kInfinity, std::nan("")}) shard.Observe(histogram, value);
  EXPECT_EQ(Buckets(shard, histogram), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(registry.Sum(histogram), 0.25);
}

TEST(ShardTest, EveryCatalogueBoundFallsIntoItsOwnBucket) {
  Registry registry;
  int made = 0;
  for (const auto* bounds : {&kLatencyBuckets, &kStageBuckets, &kRatioBuckets}) {
    const Histogram histogram =
        registry.AddHistogram("h" + std::to_string(made++) + "_seconds", "H.", *bounds);
    Shard& shard = *registry.TakeShard();
    for (const double bound : *bounds) shard.Observe(histogram, bound);
    std::vector<std::uint64_t> expected(bounds->size(), 1);
    expected.push_back(0);
    EXPECT_EQ(Buckets(shard, histogram), expected);
  }
}

TEST(ShardTest, TheLastTracedObservationOfEachBucketIsItsExemplar) {
  Registry registry;
  const Histogram histogram =
      registry.AddHistogram("h_seconds", "H.", {1, 2}, {}, Exemplars::kKept);
  Shard& shard = *registry.TakeShard();
  shard.Observe(histogram, 0.25, {1, 2}, SteadyTime(5s));
  shard.Observe(histogram, 0.5, {3, 4}, SteadyTime(6s));
  shard.Observe(histogram, 7, {5, 6}, SteadyTime(7s));
  const Exemplar low = shard.ExemplarOf(histogram, 0);
  EXPECT_EQ(low.trace_id, (TraceId{3, 4}));
  EXPECT_EQ(low.value, 0.5);
  EXPECT_EQ(low.at, SteadyTime(6s));
  EXPECT_FALSE(shard.ExemplarOf(histogram, 1).is_there());
  EXPECT_EQ(shard.ExemplarOf(histogram, 2).trace_id, (TraceId{5, 6}));
  EXPECT_EQ(Buckets(shard, histogram), (std::vector<std::uint64_t>{2, 0, 1}));
}

TEST(ShardTest, WhatLeadsToNoTraceOrIsNotFiniteIsNoExemplar) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1}, {}, Exemplars::kKept);
  const Histogram without = registry.AddHistogram("i_seconds", "I.", {1});
  Shard& shard = *registry.TakeShard();
  shard.Observe(histogram, 0.5);
  shard.Observe(histogram, 0.5, TraceId(), SteadyTime(1s));
  shard.Observe(histogram, kInfinity, {1, 2}, SteadyTime(1s));
  shard.Observe(without, 0.5, {1, 2}, SteadyTime(1s));
  EXPECT_FALSE(shard.ExemplarOf(histogram, 0).is_there());
  EXPECT_FALSE(shard.ExemplarOf(histogram, 1).is_there());
  EXPECT_FALSE(shard.ExemplarOf(without, 0).is_there());
  EXPECT_EQ(Buckets(shard, histogram), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(Buckets(shard, without), (std::vector<std::uint64_t>{1, 0}));
}

// All parts of an exemplar are the same number here, so a mixture of two would show.
TEST(ShardTest, AnExemplarIsReadWholeWhileItsThreadGoesOn) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1e9}, {}, Exemplars::kKept);
  Shard* const shard = registry.TakeShard();
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; !is_over; ++i) {
      const SteadyTime at{Duration(static_cast<Duration::rep>(i))};
      shard->Observe(histogram, static_cast<double>(i % 1'000'000), {i, i}, at);
      if (i % 64 == 0) std::this_thread::yield();  // between two requests
    }
  });
  int seen = 0;
  while (seen < 20'000) {
    const Exemplar read = shard->ExemplarOf(histogram, 0);
    if (!read.is_there()) continue;
    ++seen;
    ASSERT_EQ(read.trace_id.high, read.trace_id.low);
    ASSERT_EQ(read.at.time_since_epoch().count(), static_cast<Duration::rep>(read.trace_id.high));
    ASSERT_EQ(read.value, static_cast<double>(read.trace_id.high % 1'000'000));
  }
  is_over = true;
  writer.join();
}

TEST(ShardTest, ThreadsWithShardsOfTheirOwnAddUpExactly) {
  Registry registry;
  const Counter counter = registry.AddCounter("c_total", "C.");
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1, 2});
  constexpr int kTimes = 20'000;
  const auto record = [&](double value) {
    Shard* const shard = registry.TakeShard();
    for (int i = 0; i < kTimes; ++i) {
      shard->Add(counter);
      shard->Observe(histogram, value);
    }
    registry.GiveBack(shard);
  };
  std::thread first(record, 1);
  std::thread second(record, 2);
  first.join();
  second.join();
  EXPECT_EQ(registry.Value(counter), 2 * kTimes);
  EXPECT_EQ(registry.Count(histogram), 2u * kTimes);
  EXPECT_EQ(registry.Sum(histogram), 3.0 * kTimes);
}

// Run under the thread sanitizer, this is the test of the published chunk pointers.
TEST(ShardTest, ChildrenMayBeAddedAndScrapedWhileAnotherThreadRecords) {
  Registry registry;
  const Counter steps = registry.AddCounter("steps_total", "Steps.");
  constexpr int kChildren = 3'000;  // more than two chunks
  std::vector<std::atomic<std::uint32_t>> published(kChildren);
  std::thread recorder([&] {
    Shard* const shard = registry.TakeShard();
    for (int i = 0; i < kChildren; ++i) {
      std::uint32_t cell = 0;
      while ((cell = published[static_cast<std::size_t>(i)].load()) == 0) shard->Add(steps);
      shard->Add(Counter{cell}, i);
    }
    registry.GiveBack(shard);
  });
  double last = 0;
  for (int i = 0; i < kChildren; ++i) {
    const Counter added = registry.AddCounter("c_total", "C.", {{"child", std::to_string(i)}});
    published[static_cast<std::size_t>(i)].store(added.cell);
    const double now = registry.Value(steps);
    EXPECT_GE(now, last) << "a counter went back";
    last = now;
    if (i % 1'000 == 0) {
      EXPECT_NE(registry.Expose().find("c_total"), std::string::npos);
    }
  }
  recorder.join();
  const std::string text = registry.Expose();
  EXPECT_NE(text.find("c_total{child=\"0\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find("c_total{child=\"2999\"} 2999\n"), std::string::npos);
}

}  // namespace
}  // namespace baton::metrics
