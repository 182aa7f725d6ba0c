// One recording thread's share of all counters and histograms.
//
// Why not the library's own: a shared prometheus-cpp histogram takes a mutex, which several threads
// at once turn into a queue; a cell that one thread alone writes costs the same at any number of
// threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/clock.h"
#include "server/base/trace_context.h"

namespace baton::metrics {

// A counter's or histogram's place in every shard. Cheap to copy; a default one is ignored by
// Shard.
struct Counter {
  std::uint32_t cell = 0;  // 0: none
};
struct Histogram {
  std::uint32_t first_cell = 0;                 // one cell a bucket, one for +Inf, then the sum
  const std::vector<double>* bounds = nullptr;  // ascending upper bounds, owned by the registry
  std::uint32_t exemplar_cell = 0;  // Shard::kCellsPerExemplar a bucket; 0: it keeps none
};

// An observation that leads to its trace.
struct Exemplar {
  TraceId trace_id;  // none: there is no exemplar
  double value = 0;
  SteadyTime at;

  bool is_there() const { return trace_id != TraceId(); }
};

// Get one from Registry::TakeShard and give it back when the thread ends: its counts stay, and the
// next thread goes on with it.
//
// Threads: Add and Observe by its one owner; Bits by any at the same time.
// Cost: relaxed loads and stores, no lock; an allocation at the first use of every 1024 cells.
class Shard {
 public:
  // The cells of one histogram lie in one chunk.
  static constexpr std::size_t kCellsPerChunk = 1024;
  static constexpr std::size_t kMaxChunks = 4096;
  // A number of changes, both halves of the trace's id, value and time.
  static constexpr std::size_t kCellsPerExemplar = 5;

  Shard();
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Requires: amount is not negative.
  void Add(Counter counter, double amount = 1);

  // Counts `value` in the first bucket whose bound is not below it. A value that is not finite is
  // counted in +Inf and left out of the sum, which it would make useless for ever.
  void Observe(const Histogram& histogram, double value);

  // The same, of what a trace tells more about: the last such one of each bucket is kept as its
  // exemplar, where the histogram keeps any.
  void Observe(const Histogram& histogram, double value, TraceId trace_id, SteadyTime at);

  // What a cell holds: the bits of a double (counters, sums) or a number of observations (buckets).
  std::uint64_t Bits(std::uint32_t cell) const;
  // The exemplar of a bucket, by number; none also where it changes again and again meanwhile.
  Exemplar ExemplarOf(const Histogram& histogram, std::size_t bucket) const;

 private:
  struct Chunk;

  // The bucket that it counted in.
  std::size_t Count(const Histogram& histogram, double value);

  Chunk& Writable(std::uint32_t cell);
  Chunk& Allocate(std::atomic<Chunk*>& slot);

  // Grows by its owner, is read by scrapes (published pointers).
  std::unique_ptr<std::atomic<Chunk*>[]> chunks_;
};

}  // namespace baton::metrics
