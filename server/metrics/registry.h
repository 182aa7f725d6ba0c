// All metrics of one server: recorded in per-thread shards, added up when Prometheus asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/metrics/buckets.h"
#include "server/metrics/format.h"
#include "server/metrics/naming.h"
#include "server/metrics/shard.h"

namespace baton::metrics {

// Whether a histogram keeps the last traced observation of each bucket.
enum class Exemplars : std::uint8_t { kNone, kKept };

// Families are shown in the order they were made, children in the order they were added.
//
// A child exists, at 0, from the moment it is asked for. Asking for the same name with another
// help, kind, bounds or label names, or for the same name and labels twice, is a programming error,
// as is a name that breaks the rules of naming.h: the process ends with a message that names the
// metric. Threads: any. Owns: the shards and the bounds that histograms point to.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram AddHistogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const Labels& labels = {},
                         Exemplars exemplars = Exemplars::kNone);
  // `read` runs at every scrape, on the scraping thread: it must not block or throw, and may
  // neither scrape nor call RemoveChild. Children may be added while it runs.
  void AddGauge(const std::string& name, const std::string& help, const Labels& labels,
                std::function<double()> read);
  // The same for counters that something else keeps (the kernel, an atomic).
  void AddCounterFunction(const std::string& name, const std::string& help, const Labels& labels,
                          std::function<double()> read);

  // Takes a child of any kind out of the exposition and returns whether it was there. When it
  // returns, the child's `read` runs no more, so what that refers to may go. Waits for a scrape
  // under way. A counter's or histogram's handle stays valid, its cells are not used again; the
  // same child may be added anew, from 0.
  bool RemoveChild(const std::string& name, const Labels& labels);

  // Owned by the registry; one thread's at a time.
  Shard* TakeShard();
  // Requires: it came from this registry's TakeShard and has not been given back since.
  void GiveBack(Shard* shard);

  // The sum over all shards now.
  double Value(Counter counter) const;
  std::uint64_t Count(const Histogram& histogram) const;  // observations
  double Sum(const Histogram& histogram) const;
  // Observations of each bucket alone, in the order of the bounds, and beyond the last of them.
  std::vector<std::uint64_t> Buckets(const Histogram& histogram) const;

  // Everything, in one of Prometheus' formats. `unix_offset` is what makes the time since 1970 of
  // a SteadyTime, for exemplars. Holds up no recording thread and no adding one. `between` is
  // called between pieces of work of some microseconds each, on the calling thread. As a gauge's
  // function it may not scrape or call RemoveChild, which waits for it, too.
  std::string Expose(
      Format format = Format::kText, Duration unix_offset = Duration::zero(),
      const std::function<void()>& between = [] {}) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton::metrics
