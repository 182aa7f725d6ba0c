// Differences of counters over the time between two looks.
#include "server/app/status_sampler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/app/cores.h"
#include "server/net/socket.h"

namespace baton::app {

std::uint64_t StatusSampler::Counts::answered() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : answers) sum += count;
  return sum;
}

std::uint64_t StatusSampler::Counts::misses() const {
  std::uint64_t sum = 0;
  for (const serve::Answer answer : serve::kAllAnswers) {
    if (IsMiss(answer)) sum += answers[static_cast<std::size_t>(answer)];
  }
  return sum;
}

void StatusSampler::Counts::Add(const Counts& more) {
  received += more.received;
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += more.answers[i];
  for (std::size_t i = 0; i < causes.size(); ++i) causes[i] += more.causes[i];
}

// What was received is read last: a request that ends in between is not answered before it came.
StatusSampler::Counts StatusSampler::CountsOf(const serve::Endpoint& endpoint) const {
  const auto value = [this](const metrics::Counter& counter) {
    return static_cast<std::uint64_t>(parts_.registry.Value(counter));
  };
  Counts counts;
  for (const serve::Answer answer : serve::kAllAnswers) {
    const auto at = static_cast<std::size_t>(answer);
    counts.answers[at] = value(endpoint.metrics.requests[at]);
  }
  for (const serve::Cause cause : serve::kAllCauses) {
    const auto at = static_cast<std::size_t>(cause);
    if (cause != serve::Cause::kNone) counts.causes[at] = value(endpoint.metrics.misses[at]);
  }
  counts.received = value(endpoint.metrics.received);
  return counts;
}

double StatusSampler::PerSecond(std::uint64_t now, std::uint64_t before) const {
  if (covers_ <= Duration::zero() || now <= before) return 0;
  return static_cast<double>(now - before) / std::chrono::duration<double>(covers_).count();
}

control::EndpointLoad StatusSampler::LoadOf(const serve::Endpoint& endpoint, const Counts& now,
                                            const Counts& before) const {
  constexpr auto kPrediction = static_cast<std::size_t>(serve::Answer::kPrediction);
  control::EndpointLoad load;
  load.name = endpoint.name;
  load.received_total = now.received;
  load.requests_total = now.answered();
  load.predictions_total = now.answers[kPrediction];
  load.misses_total = now.misses();
  load.in_flight = now.received - std::min(now.received, load.requests_total);
  load.waiting = static_cast<std::uint64_t>(std::max<std::int64_t>(0, endpoint.waiting));
  load.offered_per_second = PerSecond(now.received, before.received);
  load.goodput_per_second = PerSecond(now.answers[kPrediction], before.answers[kPrediction]);
  load.misses_per_second = PerSecond(now.misses(), before.misses());
  load.default_budget = parts_.serving.PolicyOf(endpoint.index).default_budget;
  const auto learned = parts_.scheduler.EstimateOf(endpoint.index, load.default_budget);
  load.predicted_wait = learned.predicted_wait;
  load.median = learned.q50;
  for (const serve::Cause cause : serve::kAllCauses) {
    const auto at = static_cast<std::size_t>(cause);
    if (now.causes[at] == 0) continue;
    load.causes.push_back(
        {std::string(ToText(cause)), now.causes[at], PerSecond(now.causes[at], before.causes[at])});
  }
  return load;
}

void StatusSampler::TellEndpoints(control::StatusSample& sample) {
  Counts sums;
  for (const serve::Endpoint* const endpoint : parts_.endpoints.All()) {
    const Counts now = CountsOf(*endpoint);
    sums.Add(now);
    if (counts_.size() <= endpoint->index) counts_.resize(endpoint->index + 1);
    const Counts before = std::exchange(counts_[endpoint->index], now);
    TellBudgets(*endpoint, sample);
    if (endpoint->kind == serve::Endpoint::Kind::kUnknown) continue;
    sample.endpoints.push_back(LoadOf(*endpoint, now, before));
    sample.longest_predicted_wait =
        std::max(sample.longest_predicted_wait, sample.endpoints.back().predicted_wait);
  }
  std::sort(sample.endpoints.begin(), sample.endpoints.end(),
            [](const auto& one, const auto& other) { return one.name < other.name; });
  TellSums(sums, sample);
  sums_ = sums;
}

void StatusSampler::TellBudgets(const serve::Endpoint& endpoint,
                                control::StatusSample& sample) const {
  const metrics::Histogram& used = endpoint.metrics.budget_used;
  if (used.bounds == nullptr) return;
  sample.budget_used_bounds = *used.bounds;  // of all endpoints
  const std::vector<std::uint64_t> buckets = parts_.registry.Buckets(used);
  sample.budget_used.resize(buckets.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) sample.budget_used[i] += buckets[i];
}

void StatusSampler::TellSums(const Counts& now, control::StatusSample& sample) const {
  constexpr auto kPrediction = static_cast<std::size_t>(serve::Answer::kPrediction);
  sample.received_total = now.received;
  sample.in_flight = now.received - std::min(now.received, now.answered());
  sample.offered_per_second = PerSecond(now.received, sums_.received);
  sample.goodput_per_second = PerSecond(now.answers[kPrediction], sums_.answers[kPrediction]);
  sample.misses_per_second = PerSecond(now.misses(), sums_.misses());
  for (const serve::Answer answer : serve::kAllAnswers) {
    const auto at = static_cast<std::size_t>(answer);
    sample.answers.push_back({std::string(ToText(answer)), now.answers[at],
                              PerSecond(now.answers[at], sums_.answers[at])});
  }
  for (const serve::Cause cause : serve::kAllCauses) {
    if (cause == serve::Cause::kNone) continue;
    const auto at = static_cast<std::size_t>(cause);
    sample.causes.push_back(
        {std::string(ToText(cause)), now.causes[at], PerSecond(now.causes[at], sums_.causes[at])});
  }
}

void StatusSampler::TellListening(control::StatusSample& sample) const {
  for (const Listening& one : listening_) {
    const net::BacklogFigures backlog = net::ReadBacklog(one.fd);
    sample.backlogs.push_back({one.listener, backlog.depth, backlog.limit, backlog.drops});
  }
  for (std::size_t i = 0; i < parts_.conductors.size(); ++i) {
    Conductor& conductor = *parts_.conductors[i];
    sample.conductors.push_back({static_cast<int>(i), conductor.TakeWorstLag(),
                                 std::string(ToText(conductor.overload_level())),
                                 conductor.connections()});
  }
}

void StatusSampler::TellLoad(SteadyTime now) const {
  LoadHints::Counts counts;
  counts.cpu_time = ProcessCpuTime();
  counts.busy_seconds = parts_.registry.Value(parts_.busy_seconds);
  counts.answered = sums_.answered();
  for (const serve::Answer failed :
       {serve::Answer::kRefused, serve::Answer::kTimeout, serve::Answer::kError}) {
    counts.failed += sums_.answers[static_cast<std::size_t>(failed)];
  }
  const auto workers = static_cast<std::size_t>(parts_.scheduler.figures().alive_workers);
  const Duration running = parts_.scheduler.RanWithin(now - covers_, now);
  parts_.load.Measure(counts, {UsableCores(), workers}, now, running);
}

control::StatusSample StatusSampler::Take(control::ServerState server, SteadyTime now,
                                          std::int64_t unix_ms) {
  covers_ = number_ == 0 ? Duration::zero() : now - taken_at_;
  taken_at_ = now;
  control::StatusSample sample;
  sample.number = ++number_;
  sample.at_unix_ms = unix_ms;
  sample.covers = covers_;
  sample.server = std::move(server);
  TellEndpoints(sample);
  TellListening(sample);
  TellLoad(now);
  return sample;
}

control::StatusSample TakeSample(StatusSampler& sampler, const control::ControlPort& port,
                                 SteadyTime now, std::int64_t unix_ms) {
  control::StatusSample sample = sampler.Take(port.GetServer(), now, unix_ms);
  sample.models = port.ListModels();
  if (auto misses = port.ListMisses({.endpoint = "", .limit = StatusSampler::kMisses})) {
    sample.misses = *std::move(misses);
  }
  return sample;
}

}  // namespace baton::app
