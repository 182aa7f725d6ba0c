// Finished requests on their way to a collector: chosen where they end, told of in the background.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/metrics/registry.h"
#include "server/trace/finished_request.h"
#include "server/trace/http_post.h"
#include "server/trace/lane.h"
#include "server/trace/sampling.h"
#include "server/trace/span_json.h"

namespace baton::trace {

// What became of spans; each of those that were chosen ends as exactly one.
enum class Outcome {
  kExported,     // the collector has taken it
  kRejected,     // the collector has not, and would not later
  kOverRate,     // more were chosen in that second than may be
  kOverrun,      // more were waiting than there are places for
  kUndelivered,  // the collector was away, or too slow, for too long
};
inline constexpr std::array kAllOutcomes = {Outcome::kExported, Outcome::kRejected,
                                            Outcome::kOverRate, Outcome::kOverrun,
                                            Outcome::kUndelivered};
std::string_view ToText(Outcome outcome);

// Threads: as each says. Its memory is bounded whatever the collector does: places for
// kPlaces requests a source, and one message.
class Tracer {
 public:
  static constexpr std::size_t kPlaces = 1024;
  static constexpr Duration kTellEvery = 10s;

  struct Parts {
    const Clock& clock;
    std::unique_ptr<Post> post;
    Resource resource;
    // How it goes, when that changes; on a thread of the tracer's. `why` is empty when all is well
    // again, and for kTellEvery from then on nothing is told of what goes badly.
    std::function<void(std::string_view why)> tell;
  };
  Tracer(Parts parts, const Sampling& sampling);
  // Stops.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // One thread's way in. Lives as long as the tracer.
  class Source {
   public:
    Source(Tracer& tracer, std::size_t places) : tracer_(tracer), lane_(places) {}

    // Whether it is chosen, the rates apart. Cost: three loads and comparisons.
    bool Wants(const TraceContext& trace, bool is_miss) const;
    // Of one that is wanted and comes to `spans`: has `fill` fill in a FinishedRequest, which may
    // have been used before; or counts it as dropped. Half of the places are for misses alone.
    // Never blocks.
    template <typename Fill>
    void Offer(bool is_miss, std::size_t spans, SteadyTime now, const Fill& fill) {
      if (!tracer_.TryPass(is_miss, now)) {
        tracer_.Count(Outcome::kOverRate, spans);
      } else if (!lane_.TryPut(fill, is_miss ? 0 : lane_.places() / 2)) {
        tracer_.Count(Outcome::kOverrun, spans);
      }
    }

   private:
    friend class Tracer;
    Tracer& tracer_;
    Lane<FinishedRequest> lane_;
  };
  // Before Start.
  Source& AddSource(std::size_t places = kPlaces);

  // Once: the thread that exports.
  void Start();
  // Sends what is there, for at most `most`, and ends the thread. Requires: nobody offers any more.
  void Stop(Duration most);

  // Any thread.
  void Use(const Sampling& sampling);
  std::uint64_t spans(Outcome outcome) const { return counts_[static_cast<std::size_t>(outcome)]; }

 private:
  bool TryPass(bool is_miss, SteadyTime now);
  void Count(Outcome outcome, std::size_t spans) {
    counts_[static_cast<std::size_t>(outcome)].fetch_add(spans, std::memory_order_relaxed);
  }
  void Run();
  // One message of what waits. False: nothing did.
  bool ExportSome();
  void Deliver(const std::string& body, std::size_t spans);
  void Tell(const std::string& why);
  // True: it is time to stop.
  bool Pause(Duration pause) BATON_EXCLUDES(mutex_);
  bool IsStopping() BATON_EXCLUDES(mutex_);

  // Set once.
  const Parts parts_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::jthread thread_;

  // Any thread (atomic).
  std::atomic<double> share_;
  std::atomic<bool> follows_callers_;
  std::atomic<std::uint32_t> misses_;
  std::atomic<std::uint32_t> others_;
  RateGate passed_misses_;
  RateGate passed_others_;
  std::array<std::atomic<std::uint64_t>, kAllOutcomes.size()> counts_{};

  // The exporting thread's.
  int failures_ = 0;       // in a row
  std::size_t first_ = 0;  // source of the next message
  bool told_well_ = true;
  SteadyTime tell_after_;      // that it goes badly once more
  bool has_given_up_ = false;  // while it stops

  Mutex mutex_;
  CondVar stop_asked_;
  bool is_stopping_ BATON_GUARDED_BY(mutex_) = false;
};

// baton_trace_spans_total. `tracer` outlives the registry's scrapes; null: all stay at 0.
void AddTraceMetrics(metrics::Registry& registry, const Tracer* tracer);

}  // namespace baton::trace
