// What became of the requests of a load, as numbers: pure aggregation.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "client/lib/latency_histogram.h"
#include "client/lib/load_windows.h"
#include "server/base/clock.h"

namespace baton::client {

// How one intended request ended, seen from the client. Exactly one of:
enum class End {
  kAnswered,    // a whole response came
  kReset,       // the connection broke under it
  kEof,         // the server closed before the end of the response
  kConnect,     // no connection could be made for it
  kMalformed,   // what came is not HTTP
  kUnanswered,  // sent, and still without an answer when the grace was over
  kUnsent,      // it never got a connection
};
inline constexpr std::array kAllEnds = {End::kAnswered, End::kReset,     End::kEof,
                                        End::kConnect,  End::kMalformed, End::kUnanswered,
                                        End::kUnsent};
std::string_view ToText(End end);  // "answered", "reset", ...

struct Outcome {
  End end = End::kAnswered;
  Duration intended = Duration::zero();  // since the start of what is measured
  Duration latency = Duration::zero();   // from the intended instant to the last byte of the answer
  int status = 0;
  std::string_view answer;         // the Baton-Answer header, empty without one
  std::string_view cause;          // the Baton-Cause header, empty without one
  std::optional<Duration> budget;  // what the latency is held against; none is never late
};

// Invariant: requests() == the sum of ended() over kAllEnds.
// Threads: one at a time.
class LoadReport {
 public:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  // What is not known from the outcomes: the generator's own behaviour.
  struct Generator {
    LatencyHistogram lag;  // how late requests left for which a connection was free
    std::uint64_t waited_for_connection = 0;   // requests that found every connection busy
    Duration longest_wait = Duration::zero();  // the longest of those, part of its latency
    std::uint64_t connect_failures = 0;        // attempts, at the start and later
    double busy_ratio = 0;  // the processor time of the load's thread, of all its time

    // Whether the figures say more about the generator than about the server: it was more than 1 ms
    // behind in more than 1 % of what it sent, or more than 1 % of `requests` waited for a
    // connection.
    bool WasLimit(std::uint64_t requests) const;
  };

  // Cost: no allocation but for the first of a kind, and for the windows.
  void Add(const Outcome& outcome);

  std::uint64_t requests() const { return requests_; }
  std::uint64_t ended(End end) const { return ends_[static_cast<std::size_t>(end)]; }
  const Counts& answers() const { return answers_; }  // by AnswerKind; sums up to the answered
  const Counts& causes() const { return causes_; }
  std::uint64_t good() const { return good_; }  // predictions (or "ok") inside their budget
  std::uint64_t late() const { return late_; }  // answers of any kind past their budget

  const LatencyHistogram& latency() const { return latency_; }  // of every answer
  const LatencyHistogram& prediction_latency() const { return prediction_latency_; }  // and of "ok"
  const LatencyHistogram& refusal_latency() const { return refusal_latency_; }  // time to refuse
  const LoadWindows& windows() const { return windows_; }

  // Per second of measured(); 0 while that is zero.
  double PerSecond(std::uint64_t count) const;
  double LateRatio() const;  // late() over the answered

  // How long requests were offered, warm-up left out. Set by whoever ran the load.
  Duration measured() const { return measured_; }
  void SetMeasured(Duration measured) { measured_ = measured; }
  bool was_interrupted() const { return was_interrupted_; }
  void SetInterrupted() { was_interrupted_ = true; }
  Generator& generator() { return generator_; }
  const Generator& generator() const { return generator_; }

 private:
  void AddAnswer(const Outcome& outcome);

  std::uint64_t requests_ = 0;
  std::array<std::uint64_t, kAllEnds.size()> ends_{};
  Counts answers_;
  Counts causes_;
  std::uint64_t good_ = 0;
  std::uint64_t late_ = 0;
  LatencyHistogram latency_;
  LatencyHistogram prediction_latency_;
  LatencyHistogram refusal_latency_;
  LoadWindows windows_;
  Duration measured_ = Duration::zero();
  bool was_interrupted_ = false;
  Generator generator_;
};

}  // namespace baton::client
