// What the dispatcher knows of one endpoint: what it was told, and what it has learned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/clock.h"
#include "server/serve/arrival_rate.h"
#include "server/serve/batch_time.h"
#include "server/serve/endpoint_policy.h"
#include "server/serve/recent_range.h"
#include "server/serve/service_estimate.h"
#include "server/serve/work_ahead.h"

namespace baton::serve {

// How a worker's run ended.
struct RunSample {
  enum class End {
    kWhole,      // by itself: what it took is what such runs take
    kCancelled,  // stopped because nobody waited any more: it would have taken longer
    kFailed,     // where that came early, it says nothing about those that do not fail
    kRejected,   // the client's fault: it says nothing at all
  };
  std::uint32_t endpoint = 0;
  Duration took = Duration::zero();
  std::size_t size = 1;  // so many ran together
  End end = End::kWhole;
};

// Threads: one at a time.
class EndpointBook {
 public:
  explicit EndpointBook(const ServiceEstimate::Options& options) : estimate_(options) {}

  void SetPolicy(const EndpointPolicy& policy);
  void NoteArrival(Duration budget, SteadyTime now);
  void Learn(const RunSample& sample);
  // Runs at load, of one request each and, where it batches, of full batches.
  void Warm(std::span<const Duration> single, std::span<const Duration> full, bool is_steady);
  void Reset();

  // For one request; where it batches, as a member of a batch of the size aimed at.
  ServicePrediction Predict(Duration budget, std::size_t workers, SteadyTime now) const;

  // Batches. The size aimed at; what is set aside for a run of `size`, and what it takes on
  // average.
  bool is_batched() const { return batch_.max_size > 1; }
  const BatchPolicy& batch() const { return batch_; }
  std::size_t TargetBatch(std::size_t workers, SteadyTime now) const;
  Duration BatchAllowance(std::size_t size, Duration budget) const;
  Duration BatchMean(std::size_t size) const;

  // Of the work that waits ahead, what runs in the same batch: that is no wait. On average half of
  // the others in a batch came before.
  Duration SharedWork(std::size_t workers, SteadyTime now) const;

  // Workers that it may hold at once, and below which it goes first.
  std::size_t Quota(std::size_t workers) const;
  std::size_t min_workers() const { return min_workers_; }
  void SetSlow(bool is_slow) { is_slow_ = is_slow; }  // it gets one worker less than there are

  const ServiceEstimate& estimate() const { return estimate_; }
  const RecentRange& budgets() const { return budgets_; }
  RecentRange& budgets() { return budgets_; }

  // At most one probe a second.
  bool MayProbe(SteadyTime now) const { return !last_probe_ || now - *last_probe_ >= 1s; }
  void NoteProbe(SteadyTime now) { last_probe_ = now; }

  // Budgets that differ widely get two lanes: whether `budget` goes into the slower one.
  bool IsLong(Duration budget) const;

  // Its own queued work, kept since it might hold fewer workers than there are.
  std::optional<WorkAhead> ahead;

 private:
  bool SaysSomething(RunSample::End end, Duration as_single) const;
  double Growth(std::size_t size) const;  // S(size) / S(1)

  ServiceEstimate estimate_;  // of runs as if of one request each
  BatchTime batch_time_;
  ArrivalRate arrivals_;
  RecentRange budgets_;
  BatchPolicy batch_;
  std::size_t max_workers_ = 0;  // 0: is_slow_ decides
  std::size_t min_workers_ = 0;
  bool is_slow_ = false;
  std::optional<SteadyTime> last_probe_;
};

}  // namespace baton::serve
