// Predictions for requests and batches.
#include "server/serve/endpoint_book.h"

#include <algorithm>

namespace baton::serve {
namespace {

// Budgets that are so many times apart do not share a batch.
constexpr int kFarApart = 3;

}  // namespace

void EndpointBook::SetPolicy(const EndpointPolicy& policy) {
  batch_ = policy.batch;
  max_workers_ = static_cast<std::size_t>(policy.max_workers);
  min_workers_ = static_cast<std::size_t>(policy.min_workers);
}

void EndpointBook::NoteArrival(Duration budget, SteadyTime now) {
  budgets_.Note(budget, now);
  if (is_batched()) arrivals_.Note(now);
}

// A run that was stopped or failed tells a lower bound: it can only show that runs take longer than
// was thought. Else clients that leave, or send nonsense, would make an endpoint look quick.
bool EndpointBook::SaysSomething(RunSample::End end, Duration as_single) const {
  using End = RunSample::End;
  switch (end) {
    case End::kWhole: return true;
    case End::kCancelled: return as_single * 3 / 2 >= estimate_.mean();
    case End::kFailed: return estimate_.mean() > Duration::zero() && as_single >= estimate_.mean();
    case End::kRejected: return false;
  }
  return false;
}

void EndpointBook::Learn(const RunSample& sample) {
  using End = RunSample::End;
  const Duration as_single = Scale(sample.took, 1 / Growth(sample.size));
  if (!SaysSomething(sample.end, as_single)) return;
  if (is_batched() && sample.end == End::kWhole) {
    batch_time_.Add(sample.size, sample.took);
  }
  if (sample.end == End::kCancelled) {
    estimate_.AddCancelled(as_single);
  } else {
    estimate_.AddRun(as_single);
  }
}

void EndpointBook::Warm(std::span<const Duration> single, std::span<const Duration> full,
                        bool is_steady) {
  for (const Duration took : single) batch_time_.Add(1, took);
  for (const Duration took : full) batch_time_.Add(batch_.max_size, took);
  estimate_.Warm(single, is_steady);
}

void EndpointBook::Reset() {
  estimate_.Reset();
  batch_time_.Reset();
  last_probe_.reset();
}

double EndpointBook::Growth(std::size_t size) const {
  if (size <= 1 || !batch_time_.is_known()) return 1;
  const double single = ToSeconds(batch_time_.At(1));
  return single > 0 ? std::max(1.0, ToSeconds(batch_time_.At(size)) / single) : 1;
}

ServicePrediction EndpointBook::Predict(Duration budget, std::size_t workers,
                                        SteadyTime now) const {
  ServicePrediction prediction = estimate_.Predict(budget);
  if (!is_batched()) return prediction;
  const std::size_t size = TargetBatch(workers, now);
  prediction.allowance = BatchAllowance(size, budget);
  prediction.mean = Scale(prediction.mean, Growth(size) / static_cast<double>(size));
  return prediction;
}

std::size_t EndpointBook::TargetBatch(std::size_t workers, SteadyTime now) const {
  if (!is_batched()) return 1;
  const Duration single = batch_time_.At(1);
  const double tail =
      single > Duration::zero() ? ToSeconds(estimate_.q95()) / ToSeconds(single) : 1;
  return TargetBatchSize(batch_time_, batch_.max_size, workers, arrivals_.PerSecond(now), tail,
                         budgets_.smallest());
}

Duration EndpointBook::BatchAllowance(std::size_t size, Duration budget) const {
  const ServicePrediction single = estimate_.Predict(budget);
  if (!single.may_queue) return single.allowance;
  const double growth = Growth(size);
  const Duration cap = std::max(Scale(single.mean, growth), Scale(budget, kAllowanceBudgetShare));
  return std::min(Scale(estimate_.q95(), growth), cap);
}

Duration EndpointBook::BatchMean(std::size_t size) const {
  return Scale(estimate_.mean(), Growth(size));
}

Duration EndpointBook::SharedWork(std::size_t workers, SteadyTime now) const {
  const std::size_t size = TargetBatch(workers, now);
  return Scale(BatchMean(size), static_cast<double>(size - 1) / static_cast<double>(2 * size));
}

std::size_t EndpointBook::Quota(std::size_t workers) const {
  if (max_workers_ > 0) return std::min(max_workers_, workers);
  return is_slow_ && workers > 1 ? workers - 1 : workers;
}

bool EndpointBook::IsLong(Duration budget) const {
  const Duration smallest = budgets_.smallest();
  const Duration largest = budgets_.largest();
  if (smallest <= Duration::zero() || largest / kFarApart < smallest) return false;
  // Nearer to the largest than to the smallest, by ratio.
  return ToSeconds(budget) * ToSeconds(budget) > ToSeconds(smallest) * ToSeconds(largest);
}

}  // namespace baton::serve
