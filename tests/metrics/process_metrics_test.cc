// The process metrics against what this very process knows of itself.
#include "server/metrics/process_metrics.h"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/base/fd.h"

namespace baton::metrics {
namespace {

double Scrape(const Registry& registry, const std::string& name) {
  const std::string text = registry.Expose();
  const std::string line = "\n" + name + " ";
  const std::size_t at = text.find(line);
  EXPECT_NE(at, std::string::npos) << name << " is not in\n" << text;
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + line.size(), nullptr);
}

class ProcessMetricsTest : public ::testing::Test {
 protected:
  ProcessMetricsTest() { AddProcessMetrics(registry_); }
  Registry registry_;
};

TEST_F(ProcessMetricsTest, AnOpenedDescriptorIsCounted) {
  const double before = Scrape(registry_, "process_open_fds");
  const UniqueFd opened(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(opened.valid());
  EXPECT_EQ(Scrape(registry_, "process_open_fds"), before + 1);
  EXPECT_LT(Scrape(registry_, "process_open_fds"), Scrape(registry_, "process_max_fds"));
}

// Sanitizers may run threads of their own, so the exact number is not known.
TEST_F(ProcessMetricsTest, AThreadIsCounted) {
  const double before = Scrape(registry_, "process_threads");  // a sanitizer may have its own
  double during = 0;
  std::thread([&] { during = Scrape(registry_, "process_threads"); }).join();
  EXPECT_GT(during, before);
}

TEST_F(ProcessMetricsTest, MemoryAndCpuTimeAreThere) {
  const double resident = Scrape(registry_, "process_resident_memory_bytes");
  EXPECT_GT(resident, 100'000);
  EXPECT_GT(Scrape(registry_, "process_virtual_memory_bytes"), resident);
  EXPECT_GE(Scrape(registry_, "process_virtual_memory_max_bytes"),
            Scrape(registry_, "process_virtual_memory_bytes"));
  const double before = Scrape(registry_, "process_cpu_seconds_total");
  EXPECT_GT(before, 0);
  EXPECT_GE(Scrape(registry_, "process_cpu_seconds_total"), before);
}

TEST_F(ProcessMetricsTest, WhatIsAllocatedIsInTheHeap) {
  constexpr std::size_t kBytes = 64U << 20U;
  const double before = Scrape(registry_, "process_heap_bytes");
  const std::vector<char> taken(kBytes, 'x');
  EXPECT_GE(Scrape(registry_, "process_heap_bytes"), before + kBytes / 2.0);
  EXPECT_LT(Scrape(registry_, "process_heap_bytes"),
            Scrape(registry_, "process_virtual_memory_bytes"));
}

TEST_F(ProcessMetricsTest, TheProcessStartedBeforeNowAndAfter2001) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const double start = Scrape(registry_, "process_start_time_seconds");
  // The kernel gives the boot time in whole seconds.
  EXPECT_LE(start, std::chrono::duration<double>(now).count() + 1);
  EXPECT_GT(start, 1e9);
}

TEST(ParseProcessStatTest, ANameWithSpacesAndBracketsMovesNoField) {
  const auto stat = ParseProcessStat(
      "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 7 3 0 0 20 0 5 0 4711 1048576 300 "
      "18446744073709551615 1 1 0\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->threads, 5u);
  EXPECT_EQ(stat->start_ticks, 4711u);
  EXPECT_EQ(stat->virtual_bytes, 1'048'576u);
  EXPECT_EQ(stat->resident_pages, 300u);
}

TEST(ParseProcessStatTest, WhatIsNoSuchFileGivesNothing) {
  for (const char* text : {"", "42", "42 (a)", "42 (a) S 1 2 3", "no numbers ) at all here"}) {
    EXPECT_FALSE(ParseProcessStat(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace baton::metrics
