// Cells that one thread writes and scrapes read.
//
// Every cell is written by one thread only, so an addition is a load and a store and needs no
// locked instruction. Relaxed is enough for counts: a scrape wants each one's latest value and no
// order between them. The cells of an exemplar belong together: their writer makes the first of
// them odd, writes the others and makes it even again; a reader that finds it odd, or changed
// afterwards, has not seen one exemplar.
#include "server/metrics/shard.h"

#include <bit>
#include <cmath>

#include "server/base/check.h"
#include "server/metrics/records.h"

namespace baton::metrics {
namespace {

using Cell = std::atomic<std::uint64_t>;

void AddTo(Cell& cell, double amount) {
  const double before = std::bit_cast<double>(cell.load(std::memory_order_relaxed));
  cell.store(std::bit_cast<std::uint64_t>(before + amount), std::memory_order_relaxed);
}

// A binary search whose steps are conditional moves: durations come in no order, and a mispredicted
// branch costs more than all five steps.
std::size_t BucketOf(const std::vector<double>& bounds, double value) {
  const double* from = bounds.data();
  for (std::size_t left = bounds.size(); left > 1;) {
    const std::size_t half = left / 2;
    from += static_cast<std::size_t>(from[half - 1] < value) * half;
    left -= half;
  }
  return static_cast<std::size_t>(from - bounds.data()) + (*from < value ? 1 : 0);
}

}  // namespace

// Whole cache lines of its own, so that no other thread's writes slow this one's down.
struct alignas(64) Shard::Chunk {
  Cell cells[kCellsPerChunk] = {};
};

Shard::Shard() : chunks_(std::make_unique<std::atomic<Chunk*>[]>(kMaxChunks)) {}

Shard::~Shard() {
  for (std::size_t i = 0; i < kMaxChunks; ++i) delete chunks_[i].load(std::memory_order_relaxed);
}

Shard::Chunk& Shard::Allocate(std::atomic<Chunk*>& slot) {
  Chunk* const chunk = new Chunk;
  slot.store(chunk, std::memory_order_release);
  return *chunk;
}

inline Shard::Chunk& Shard::Writable(std::uint32_t cell) {
  std::atomic<Chunk*>& slot = chunks_[cell / kCellsPerChunk];
  // Relaxed: only this thread, or an earlier owner before the shard changed hands, ever stores
  // here.
  Chunk* const chunk = slot.load(std::memory_order_relaxed);
  return chunk != nullptr ? *chunk : Allocate(slot);
}

void Shard::Add(Counter counter, double amount) {
  if (!kRecords || counter.cell == 0) return;
  BATON_DCHECK(amount >= 0);
  AddTo(Writable(counter.cell).cells[counter.cell % kCellsPerChunk], amount);
}

std::size_t Shard::Count(const Histogram& histogram, double value) {
  const std::size_t buckets = histogram.bounds->size();
  Cell* const cells = &Writable(histogram.first_cell).cells[histogram.first_cell % kCellsPerChunk];
  const bool finite = std::isfinite(value);
  const std::size_t at = finite ? BucketOf(*histogram.bounds, value) : buckets;
  cells[at].store(cells[at].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (finite) AddTo(cells[buckets + 1], value);
  return at;
}

void Shard::Observe(const Histogram& histogram, double value) {
  if (kRecords && histogram.first_cell != 0) Count(histogram, value);
}

void Shard::Observe(const Histogram& histogram, double value, TraceId trace_id, SteadyTime at) {
  if (!kRecords || histogram.first_cell == 0) return;
  const std::size_t bucket = Count(histogram, value);
  if (histogram.exemplar_cell == 0 || trace_id == TraceId() || !std::isfinite(value)) return;
  Cell* const cells =
      &Writable(histogram.exemplar_cell)
           .cells[histogram.exemplar_cell % kCellsPerChunk + bucket * kCellsPerExemplar];
  const std::uint64_t changes = cells[0].load(std::memory_order_relaxed);
  cells[0].store(changes + 1, std::memory_order_relaxed);
  // Release: whoever sees one of these sees the odd number, too.
  cells[1].store(trace_id.high, std::memory_order_release);
  cells[2].store(trace_id.low, std::memory_order_release);
  cells[3].store(std::bit_cast<std::uint64_t>(value), std::memory_order_release);
  cells[4].store(static_cast<std::uint64_t>(at.time_since_epoch().count()),
                 std::memory_order_release);
  // Release: whoever sees this sees all of them.
  cells[0].store(changes + 2, std::memory_order_release);
}

std::uint64_t Shard::Bits(std::uint32_t cell) const {
  // Acquire pairs with the release in Allocate: the chunk's zeros are seen before the pointer is
  // followed.
  const Chunk* chunk = chunks_[cell / kCellsPerChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? 0 : chunk->cells[cell % kCellsPerChunk].load(std::memory_order_relaxed);
}

Exemplar Shard::ExemplarOf(const Histogram& histogram, std::size_t bucket) const {
  constexpr int kTries = 3;  // its writer needs nanoseconds, and comes back a request later
  const Chunk* chunk =
      chunks_[histogram.exemplar_cell / kCellsPerChunk].load(std::memory_order_acquire);
  if (histogram.exemplar_cell == 0 || chunk == nullptr) return {};
  const Cell* const cells =
      &chunk->cells[histogram.exemplar_cell % kCellsPerChunk + bucket * kCellsPerExemplar];
  for (int tries = 0; tries < kTries; ++tries) {
    const std::uint64_t before = cells[0].load(std::memory_order_acquire);
    Exemplar read;
    read.trace_id.high = cells[1].load(std::memory_order_acquire);
    read.trace_id.low = cells[2].load(std::memory_order_acquire);
    read.value = std::bit_cast<double>(cells[3].load(std::memory_order_acquire));
    read.at = SteadyTime(SteadyTime::duration(
        static_cast<SteadyTime::rep>(cells[4].load(std::memory_order_acquire))));
    if (before % 2 == 0 && cells[0].load(std::memory_order_relaxed) == before) return read;
  }
  return {};
}

}  // namespace baton::metrics
