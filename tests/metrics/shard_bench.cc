// What recording costs: a shard against a shared atomic and against prometheus-cpp's own types, at
// 1 to 8 threads.
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <time.h>

#include "server/metrics/registry.h"

namespace {

using baton::metrics::Counter;
using baton::metrics::Histogram;
using baton::metrics::kLatencyBuckets;
using baton::metrics::Registry;

constexpr int kOperations = 2'000'000;          // by each thread
constexpr std::size_t kValueCount = 1U << 18U;  // too many for a branch predictor to learn
constexpr std::array kThreads = {1, 2, 4, 8};

// Durations from 50 us to 0.8 s in no order.
std::vector<double> MakeValues() {
  std::vector<double> values;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < kValueCount; ++i) {
    state = state * 1'664'525U + 1'013'904'223U;
    values.push_back(50e-6 * static_cast<double>(1U << (state >> 28U)));
  }
  return values;
}
const std::vector<double> kValues = MakeValues();

// What one thread does, given the number of a value.
using Record = std::function<void(const std::vector<double>& values, int operations)>;

double ThreadCpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Nanoseconds of CPU an operation, the mean over all threads: waiting for a core is no cost of
// recording.
double Measure(int threads, const std::function<Record()>& make_recorder) {
  std::barrier together(threads);
  std::vector<double> spent(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  running.reserve(spent.size());
  for (double& mine : spent) {
    running.emplace_back([&] {
      const Record record = make_recorder();
      record(kValues, 1'000);  // warms up, and makes the shard's chunk
      together.arrive_and_wait();
      const double start = ThreadCpuNanoseconds();
      record(kValues, kOperations);
      mine = ThreadCpuNanoseconds() - start;
    });
  }
  for (std::thread& thread : running) thread.join();
  return std::accumulate(spent.begin(), spent.end(), 0.0) / threads / kOperations;
}

template <typename Once>
Record Repeat(Once once) {
  return [once](const std::vector<double>& values, int operations) {
    for (int i = 0; i < operations; ++i) once(values[static_cast<std::size_t>(i) % kValueCount]);
  };
}

void Report(const std::string& name, const std::function<Record()>& make_recorder) {
  std::printf("%-34s", name.c_str());
  for (const int threads : kThreads) std::printf(" %8.1f", Measure(threads, make_recorder));
  std::printf("\n");
  std::fflush(stdout);
}

void ReportScrape(Registry& registry) {
  for (int endpoint = 0; endpoint < 10; ++endpoint) {
    for (int child = 0; child < 14; ++child) {
      registry.AddHistogram("scraped_seconds", "Scraped.", kLatencyBuckets,
                            {{"endpoint", std::to_string(endpoint)}, {"k", std::to_string(child)}});
    }
  }
  constexpr int kScrapes = 20;
  std::size_t bytes = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kScrapes; ++i) bytes = registry.Expose().size();
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  std::printf("scrape of ten endpoints, 140 histograms, %zu bytes: %.2f ms\n", bytes,
              spent.count() / kScrapes);
}

}  // namespace

int main() {
  std::printf("%-34s", "CPU ns an operation, at threads:");
  for (const int threads : kThreads) std::printf(" %8d", threads);
  std::printf("\n");

  Registry registry;
  const Counter counter = registry.AddCounter("c_total", "C.");
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", kLatencyBuckets);
  std::atomic<std::uint64_t> shared{0};
  prometheus::Counter library_counter;
  prometheus::Histogram library_histogram(kLatencyBuckets);

  Report("Shard::Add", [&] {
    return Repeat([shard = registry.TakeShard(), counter](double) { shard->Add(counter); });
  });
  Report("shared atomic, fetch_add",
         [&] { return Repeat([&](double) { shared.fetch_add(1, std::memory_order_relaxed); }); });
  Report("prometheus::Counter::Increment",
         [&] { return Repeat([&](double) { library_counter.Increment(); }); });
  Report("Shard::Observe, 19 buckets", [&] {
    return Repeat([shard = registry.TakeShard(), &histogram](double value) {
      shard->Observe(histogram, value);
    });
  });
  const Histogram with_exemplars = registry.AddHistogram("e_seconds", "E.", kLatencyBuckets, {},
                                                         baton::metrics::Exemplars::kKept);
  Report("the same, keeping an exemplar", [&] {
    return Repeat([shard = registry.TakeShard(), &with_exemplars](double value) {
      shard->Observe(with_exemplars, value, {1, 2}, {});
    });
  });
  Report("prometheus::Histogram::Observe",
         [&] { return Repeat([&](double value) { library_histogram.Observe(value); }); });
  ReportScrape(registry);
}
