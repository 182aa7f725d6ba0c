// What one version of a model has done: its statistics, and what a canary is judged by.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serve/answer.h"

namespace baton::serve {

// How often something was done, and how long that took in all.
struct Tally {
  std::uint64_t count = 0;
  Duration time = Duration::zero();
};

// The parts of a prediction on a worker.
struct RunTimes {
  Duration decode = Duration::zero();
  Duration predict = Duration::zero();
  Duration encode = Duration::zero();
};

struct VersionTotals {
  Tally success;  // answered with a prediction; from arrival to the answer
  Tally fail;     // every other request that was for this version
  Tally queue;    // waited for a worker
  Tally decode;
  Tally predict;
  Tally encode;
  Tally cache_hit;
  Tally cache_miss;
  std::array<std::uint64_t, kAllAnswers.size()> answers{};
  std::uint64_t executions = 0;  // runs of the model, of one request or of several
  std::uint64_t inferences = 0;  // requests that were run
  SteadyTime last_inference;     // the default before the first one
  struct Batch {
    std::uint64_t executions = 0;
    RunTimes times;  // of all of them
  };
  std::map<std::size_t, Batch> batches;  // by size
};

// Counters in stripes, so that threads that count do not meet.
//
// Threads: any. Cost: a few nanoseconds for each figure; a lock for a run of several requests.
class VersionBooks {
 public:
  // A run of the model for `size` requests ended by itself.
  void CountRun(std::size_t size, const RunTimes& times, SteadyTime now) BATON_EXCLUDES(mutex_);
  // A request for this version has ended. `queued` is negative for one that never waited.
  void CountAnswer(Answer answer, Duration queued, Duration took);
  void CountCacheHit(Duration took);
  void CountCacheMiss(Duration took);

  VersionTotals Totals() const BATON_EXCLUDES(mutex_);

 private:
  enum Figure { kSuccess, kFail, kQueue, kDecode, kPredict, kEncode, kHit, kMiss, kFigures };
  static constexpr std::size_t kStripes = 8;
  struct alignas(64) Stripe {
    std::array<std::atomic<std::uint64_t>, kFigures> counts{};
    std::array<std::atomic<std::int64_t>, kFigures> times{};
    std::array<std::atomic<std::uint64_t>, kAllAnswers.size()> answers{};
    std::atomic<std::uint64_t> executions{0};
    std::atomic<std::uint64_t> inferences{0};
    std::atomic<std::int64_t> last{0};
  };

  Stripe& Mine();
  void Add(Stripe& stripe, Figure figure, Duration took, std::uint64_t count = 1);

  std::array<Stripe, kStripes> stripes_;

  mutable Mutex mutex_;
  std::map<std::size_t, VersionTotals::Batch> batches_ BATON_GUARDED_BY(mutex_);  // of two or more
};

}  // namespace baton::serve
