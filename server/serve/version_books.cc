// Striped counting and its sums.
#include "server/serve/version_books.h"

#include <algorithm>

namespace baton::serve {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // sums only; nothing is published by them

void Add(RunTimes& sum, const RunTimes& times) {
  sum.decode += times.decode;
  sum.predict += times.predict;
  sum.encode += times.encode;
}

// The later of both stays, whichever thread of a stripe writes last.
void KeepLater(std::atomic<std::int64_t>& moment, std::int64_t now) {
  std::int64_t seen = moment.load(kRelaxed);
  while (seen < now && !moment.compare_exchange_weak(seen, now, kRelaxed)) {
  }
}

}  // namespace

VersionBooks::Stripe& VersionBooks::Mine() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, kRelaxed) % kStripes;
  return stripes_[mine];
}

void VersionBooks::Add(Stripe& stripe, Figure figure, Duration took, std::uint64_t count) {
  stripe.counts[figure].fetch_add(count, kRelaxed);
  stripe.times[figure].fetch_add(took.count(), kRelaxed);
}

void VersionBooks::CountRun(std::size_t size, const RunTimes& times, SteadyTime now) {
  Stripe& stripe = Mine();
  Add(stripe, kDecode, times.decode, size);
  Add(stripe, kPredict, times.predict, size);
  Add(stripe, kEncode, times.encode, size);
  stripe.executions.fetch_add(1, kRelaxed);
  stripe.inferences.fetch_add(size, kRelaxed);
  KeepLater(stripe.last, now.time_since_epoch().count());
  if (size < 2) return;
  MutexLock lock(mutex_);
  VersionTotals::Batch& batch = batches_[size];
  ++batch.executions;
  serve::Add(batch.times, times);
}

void VersionBooks::CountAnswer(Answer answer, Duration queued, Duration took) {
  Stripe& stripe = Mine();
  stripe.answers[static_cast<std::size_t>(answer)].fetch_add(1, kRelaxed);
  Add(stripe, answer == Answer::kPrediction ? kSuccess : kFail, took);
  if (queued >= Duration::zero()) Add(stripe, kQueue, queued);
}

void VersionBooks::CountCacheHit(Duration took) { Add(Mine(), kHit, took); }

void VersionBooks::CountCacheMiss(Duration took) { Add(Mine(), kMiss, took); }

VersionTotals VersionBooks::Totals() const {
  VersionTotals totals;
  const std::array<Tally*, kFigures> tallies = {
      &totals.success, &totals.fail,   &totals.queue,     &totals.decode,
      &totals.predict, &totals.encode, &totals.cache_hit, &totals.cache_miss};
  std::int64_t last = 0;
  for (const Stripe& stripe : stripes_) {
    for (std::size_t i = 0; i < kFigures; ++i) {
      tallies[i]->count += stripe.counts[i].load(kRelaxed);
      tallies[i]->time += Duration(stripe.times[i].load(kRelaxed));
    }
    for (std::size_t i = 0; i < totals.answers.size(); ++i) {
      totals.answers[i] += stripe.answers[i].load(kRelaxed);
    }
    totals.executions += stripe.executions.load(kRelaxed);
    totals.inferences += stripe.inferences.load(kRelaxed);
    last = std::max(last, stripe.last.load(kRelaxed));
  }
  totals.last_inference = SteadyTime(Duration(last));
  {
    MutexLock lock(mutex_);
    totals.batches = batches_;
  }
  // Runs of one are what is not a run of more.
  VersionTotals::Batch single{totals.executions,
                              {totals.decode.time, totals.predict.time, totals.encode.time}};
  for (const auto& [size, batch] : totals.batches) {
    single.executions -= std::min(single.executions, batch.executions);
    single.times.decode -= batch.times.decode;
    single.times.predict -= batch.times.predict;
    single.times.encode -= batch.times.encode;
  }
  if (single.executions > 0) totals.batches[1] = single;
  return totals;
}

}  // namespace baton::serve
