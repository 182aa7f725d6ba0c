// Families, children and shards behind their mutex; the scrape works on a copy of the lists.
#include "server/metrics/registry.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include <prometheus/metric_family.h>

#include "server/base/check.h"
#include "server/base/mutex.h"
#include "server/metrics/exposition.h"

namespace baton::metrics {
namespace {

using prometheus::ClientMetric;

// Set once; a scrape that holds it may outlive its removal from the family.
struct Child {
  std::vector<ClientMetric::Label> labels;
  std::uint32_t cell = 0;           // of a counter, or the first of a histogram
  std::uint32_t exemplar_cell = 0;  // of a histogram that keeps exemplars
  std::function<double()> read;     // instead of a cell
};

// What a child needs in a shard.
struct Cells {
  std::size_t count = 0;
  std::size_t of_exemplars = 0;
};

struct Family {
  // Set once.
  Kind kind;
  std::string name;
  std::string help;
  std::vector<double> bounds;  // of a histogram
  std::set<std::string> label_names;
  // Guarded by the registry's mutex.
  std::vector<std::shared_ptr<const Child>> children;
  std::map<Labels, const Child*> by_labels;  // sorted labels
};

constexpr std::string_view kTotal = "_total";

void Require(bool holds, const std::string& metric, std::string_view rule) {
  if (holds) return;
  const std::string message = "metric " + metric + ": " + std::string(rule);
  CheckFailed(__FILE__, __LINE__, message.c_str());
}

void RequireNone(std::string_view broken_rule, const std::string& metric) {
  Require(broken_rule.empty(), metric, broken_rule);
}

Labels Sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::set<std::string> Names(const Labels& labels) {
  std::set<std::string> names;
  for (const auto& label : labels) names.insert(label.first);
  return names;
}

std::vector<ClientMetric::Label> ToLibrary(const Labels& labels) {
  std::vector<ClientMetric::Label> out;
  for (const auto& [name, value] : labels) out.push_back({name, value});
  return out;
}

prometheus::MetricType ToLibrary(Kind kind) {
  switch (kind) {
    case Kind::kCounter: return prometheus::MetricType::Counter;
    case Kind::kGauge: return prometheus::MetricType::Gauge;
    case Kind::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

double SumOfDoubles(std::span<const Shard* const> shards, std::uint32_t cell) {
  double sum = 0;
  for (const Shard* shard : shards) sum += std::bit_cast<double>(shard->Bits(cell));
  return sum;
}

std::uint64_t SumOfCounts(std::span<const Shard* const> shards, std::uint32_t cell) {
  std::uint64_t sum = 0;
  for (const Shard* shard : shards) sum += shard->Bits(cell);
  return sum;
}

// The number of observations is what the buckets add up to, so that the two agree in every scrape.
ClientMetric::Histogram Merge(std::span<const Shard* const> shards, std::uint32_t first_cell,
                              const std::vector<double>& bounds) {
  ClientMetric::Histogram merged;
  std::uint32_t cell = first_cell;
  for (const double bound : bounds) {
    merged.sample_count += SumOfCounts(shards, cell++);
    merged.bucket.push_back({merged.sample_count, bound});
  }
  merged.sample_count += SumOfCounts(shards, cell++);
  merged.bucket.push_back({merged.sample_count, std::numeric_limits<double>::infinity()});
  merged.sample_sum = SumOfDoubles(shards, cell);
  return merged;
}

// The latest of all shards, of each bucket.
void AppendExemplars(std::span<const Shard* const> shards, const Family& family, const Child& child,
                     std::vector<Exemplar>& out) {
  const Histogram histogram{child.cell, &family.bounds, child.exemplar_cell};
  for (std::size_t bucket = 0; bucket <= family.bounds.size(); ++bucket) {
    Exemplar latest;
    for (const Shard* shard : shards) {
      const Exemplar found = shard->ExemplarOf(histogram, bucket);
      if (found.is_there() && (!latest.is_there() || found.at > latest.at)) latest = found;
    }
    out.push_back(latest);
  }
}

ClientMetric Read(std::span<const Shard* const> shards, const Family& family, const Child& child) {
  ClientMetric metric;
  metric.label = child.labels;
  if (family.kind == Kind::kHistogram) {
    metric.histogram = Merge(shards, child.cell, family.bounds);
    return metric;
  }
  const double value = child.read ? child.read() : SumOfDoubles(shards, child.cell);
  (family.kind == Kind::kCounter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

}  // namespace

class Registry::Impl {
 public:
  // Makes the child; for one without `read`, each of its `cells` in a row inside one chunk.
  // Returns its place, with the bounds as they are stored.
  Histogram Add(Kind kind, const std::string& name, const std::string& help, const Labels& labels,
                Cells cells, std::function<double()> read = nullptr,
                const std::vector<double>& bounds = {}) BATON_EXCLUDES(mutex_);
  bool Remove(const std::string& name, const Labels& labels) BATON_EXCLUDES(mutex_, scrape_mutex_);

  Shard* TakeShard() BATON_EXCLUDES(mutex_);
  void GiveBack(Shard* shard) BATON_EXCLUDES(mutex_);
  std::vector<const Shard*> Shards() const BATON_EXCLUDES(mutex_);

  std::vector<CollectedFamily> Collect(const std::function<void()>& between) const
      BATON_EXCLUDES(mutex_, scrape_mutex_);

 private:
  struct View {
    const Family* family;
    std::vector<std::shared_ptr<const Child>> children;
  };

  Family& FindOrAdd(Kind kind, const std::string& name, const std::string& help,
                    const std::set<std::string>& label_names, const std::vector<double>& bounds)
      BATON_REQUIRES(mutex_);
  std::uint32_t TakeCells(const std::string& name, std::size_t count) BATON_REQUIRES(mutex_);
  std::vector<View> Views() const BATON_EXCLUDES(mutex_);

  // Held while reads run, so that Remove can wait for them; always taken before mutex_.
  mutable Mutex scrape_mutex_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_ BATON_GUARDED_BY(mutex_);  // never shrinks
  std::unordered_map<std::string, Family*> by_name_ BATON_GUARDED_BY(mutex_);
  std::size_t next_cell_ BATON_GUARDED_BY(mutex_) = 1;                   // 0 says "none"
  std::vector<std::unique_ptr<Shard>> shards_ BATON_GUARDED_BY(mutex_);  // never shrinks
  std::vector<Shard*> free_shards_ BATON_GUARDED_BY(mutex_);
};

Histogram Registry::Impl::Add(Kind kind, const std::string& name, const std::string& help,
                              const Labels& labels, Cells cells, std::function<double()> read,
                              const std::vector<double>& bounds) {
  RequireNone(BrokenNameRule(kind, name, help), name);
  RequireNone(BrokenLabelRule(labels), name);
  auto child = std::make_shared<Child>();
  child->labels = ToLibrary(labels);
  child->read = std::move(read);

  MutexLock lock(mutex_);
  Family& family = FindOrAdd(kind, name, help, Names(labels), bounds);
  const bool is_new = family.by_labels.emplace(Sorted(labels), child.get()).second;
  Require(is_new, name, "these labels are there already");
  if (cells.count > 0) child->cell = TakeCells(name, cells.count);
  if (cells.of_exemplars > 0) child->exemplar_cell = TakeCells(name, cells.of_exemplars);
  family.children.push_back(child);
  return {child->cell, &family.bounds, child->exemplar_cell};
}

Family& Registry::Impl::FindOrAdd(Kind kind, const std::string& name, const std::string& help,
                                  const std::set<std::string>& label_names,
                                  const std::vector<double>& bounds) {
  Family*& slot = by_name_[name];
  if (slot == nullptr) {
    const bool is_counter = kind == Kind::kCounter;
    const std::string other =
        is_counter ? name.substr(0, name.size() - kTotal.size()) : name + std::string(kTotal);
    Require(!by_name_.contains(other), name, "OpenMetrics has one family for it and " + other);
    auto family = std::make_unique<Family>();
    family->kind = kind;
    family->name = name;
    family->help = help;
    family->bounds = bounds;
    family->label_names = label_names;
    slot = family.get();
    families_.push_back(std::move(family));
  }
  Require(slot->kind == kind, name, "it is there already as another kind");
  Require(slot->help == help, name, "it is there already with another help text");
  Require(slot->bounds == bounds, name, "it is there already with other bounds");
  Require(slot->label_names == label_names, name, "it is there already with other label names");
  return *slot;
}

std::uint32_t Registry::Impl::TakeCells(const std::string& name, std::size_t count) {
  const std::size_t left = Shard::kCellsPerChunk - next_cell_ % Shard::kCellsPerChunk;
  if (count > left) next_cell_ += left;
  const std::size_t first = next_cell_;
  next_cell_ += count;
  Require(next_cell_ <= Shard::kCellsPerChunk * Shard::kMaxChunks, name, "no cells are left");
  return static_cast<std::uint32_t>(first);
}

bool Registry::Impl::Remove(const std::string& name, const Labels& labels) {
  const Labels sorted = Sorted(labels);
  MutexLock scrape_lock(scrape_mutex_);
  std::shared_ptr<const Child>
      removed;  // destroyed after mutex_ is given up: `read` may own things
  MutexLock lock(mutex_);
  const auto family = by_name_.find(name);
  if (family == by_name_.end()) return false;
  const auto named = family->second->by_labels.find(sorted);
  if (named == family->second->by_labels.end()) return false;
  auto& children = family->second->children;
  const auto at = std::find_if(children.begin(), children.end(),
                               [&](const auto& child) { return child.get() == named->second; });
  BATON_CHECK(at != children.end());
  family->second->by_labels.erase(named);
  removed = std::move(*at);
  children.erase(at);
  return true;
}

Shard* Registry::Impl::TakeShard() {
  MutexLock lock(mutex_);
  if (free_shards_.empty()) {
    shards_.push_back(std::make_unique<Shard>());
    return shards_.back().get();
  }
  Shard* const shard = free_shards_.back();
  free_shards_.pop_back();
  return shard;
}

void Registry::Impl::GiveBack(Shard* shard) {
  MutexLock lock(mutex_);
  const auto is_it = [shard](const std::unique_ptr<Shard>& owned) { return owned.get() == shard; };
  BATON_CHECK(std::any_of(shards_.begin(), shards_.end(), is_it));
  BATON_CHECK(std::find(free_shards_.begin(), free_shards_.end(), shard) == free_shards_.end());
  free_shards_.push_back(shard);
}

std::vector<const Shard*> Registry::Impl::Shards() const {
  MutexLock lock(mutex_);
  std::vector<const Shard*> shards;
  for (const auto& shard : shards_) shards.push_back(shard.get());
  return shards;
}

std::vector<Registry::Impl::View> Registry::Impl::Views() const {
  MutexLock lock(mutex_);
  std::vector<View> views;
  for (const auto& family : families_) {
    if (!family->children.empty()) views.push_back({family.get(), family->children});
  }
  return views;
}

std::vector<CollectedFamily> Registry::Impl::Collect(const std::function<void()>& between) const {
  MutexLock scrape_lock(scrape_mutex_);
  const std::vector<View> views = Views();
  const std::vector<const Shard*> shards = Shards();
  std::vector<CollectedFamily> out;
  out.reserve(views.size());
  for (const View& view : views) {
    const Family& family = *view.family;
    CollectedFamily& collected = out.emplace_back();
    collected.family = {family.name, family.help, ToLibrary(family.kind), {}};
    collected.family.metric.reserve(view.children.size());
    for (const auto& child : view.children) {
      between();
      collected.family.metric.push_back(Read(shards, family, *child));
      if (child->exemplar_cell != 0) {
        AppendExemplars(shards, family, *child, collected.exemplars);
      }
    }
  }
  return out;
}

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::AddCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  return {impl_->Add(Kind::kCounter, name, help, labels, {.count = 1}).first_cell};
}

Histogram Registry::AddHistogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& bounds, const Labels& labels,
                                 Exemplars exemplars) {
  RequireNone(BrokenBoundsRule(bounds), name);
  Cells cells{.count = bounds.size() + 2};  // +Inf and the sum
  if (exemplars == Exemplars::kKept) {
    cells.of_exemplars = (bounds.size() + 1) * Shard::kCellsPerExemplar;
  }
  const bool fits = std::max(cells.count, cells.of_exemplars) <= Shard::kCellsPerChunk;
  Require(fits, name, "too many buckets");
  return impl_->Add(Kind::kHistogram, name, help, labels, cells, nullptr, bounds);
}

void Registry::AddGauge(const std::string& name, const std::string& help, const Labels& labels,
                        std::function<double()> read) {
  Require(read != nullptr, name, "a function to read it must be given");
  impl_->Add(Kind::kGauge, name, help, labels, {}, std::move(read));
}

void Registry::AddCounterFunction(const std::string& name, const std::string& help,
                                  const Labels& labels, std::function<double()> read) {
  Require(read != nullptr, name, "a function to read it must be given");
  impl_->Add(Kind::kCounter, name, help, labels, {}, std::move(read));
}

bool Registry::RemoveChild(const std::string& name, const Labels& labels) {
  return impl_->Remove(name, labels);
}

Shard* Registry::TakeShard() { return impl_->TakeShard(); }
void Registry::GiveBack(Shard* shard) { impl_->GiveBack(shard); }

double Registry::Value(Counter counter) const {
  return SumOfDoubles(impl_->Shards(), counter.cell);
}

std::uint64_t Registry::Count(const Histogram& histogram) const {
  if (histogram.first_cell == 0) return 0;
  return Merge(impl_->Shards(), histogram.first_cell, *histogram.bounds).sample_count;
}

double Registry::Sum(const Histogram& histogram) const {
  if (histogram.first_cell == 0) return 0;
  return Merge(impl_->Shards(), histogram.first_cell, *histogram.bounds).sample_sum;
}

std::vector<std::uint64_t> Registry::Buckets(const Histogram& histogram) const {
  std::vector<std::uint64_t> buckets;
  if (histogram.first_cell == 0) return buckets;
  const std::vector<const Shard*> shards = impl_->Shards();
  for (std::uint32_t i = 0; i <= histogram.bounds->size(); ++i) {
    buckets.push_back(SumOfCounts(shards, histogram.first_cell + i));
  }
  return buckets;
}

std::string Registry::Expose(Format format, Duration unix_offset,
                             const std::function<void()>& between) const {
  return Write(impl_->Collect(between), format, unix_offset, between);
}

}  // namespace baton::metrics
