// What is different in OpenMetrics.
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "server/metrics/registry.h"

namespace baton::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Duration kUnixOffset = 1'000'000s;

std::vector<std::string> Lines(const Registry& registry) {
  std::vector<std::string> lines;
  std::istringstream text(registry.Expose(Format::kOpenMetrics, kUnixOffset));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(OpenMetricsTest, AnExpositionEndsWithItsMark) {
  const Registry registry;
  EXPECT_EQ(registry.Expose(Format::kOpenMetrics), "# EOF\n");
  EXPECT_EQ(registry.Expose(Format::kText), "");
}

TEST(OpenMetricsTest, TheFamilyOfACounterGoesWithoutTotal) {
  Registry registry;
  registry.AddCounter("c_total", "C.", {{"k", "v"}});
  EXPECT_THAT(Lines(registry),
              ElementsAre("# HELP c C.", "# TYPE c counter", "c_total{k=\"v\"} 0", "# EOF"));
}

TEST(OpenMetricsTest, UnitsAreTakenFromNames) {
  Registry registry;
  registry.AddCounter("busy_seconds_total", "B.");
  registry.AddGauge("held_bytes", "H.", {}, [] { return 3; });
  registry.AddGauge("used_ratio", "U.", {}, [] { return 0.5; });
  registry.AddGauge("bytes", "Is called like a unit.", {}, [] { return 1; });
  EXPECT_THAT(
      Lines(registry),
      ElementsAre("# HELP busy_seconds B.", "# TYPE busy_seconds counter",
                  "# UNIT busy_seconds seconds", "busy_seconds_total 0", "# HELP held_bytes H.",
                  "# TYPE held_bytes gauge", "# UNIT held_bytes bytes", "held_bytes 3",
                  "# HELP used_ratio U.", "# TYPE used_ratio gauge", "# UNIT used_ratio ratio",
                  "used_ratio 0.5", "# HELP bytes Is called like a unit.", "# TYPE bytes gauge",
                  "bytes 1", "# EOF"));
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("# UNIT")));
}

TEST(OpenMetricsTest, AnExemplarStandsBehindItsBucket) {
  Registry registry;
  const Histogram histogram =
      registry.AddHistogram("h_seconds", "H.", {1, 2}, {{"e", "x"}}, Exemplars::kKept);
  registry.AddHistogram("h_seconds", "H.", {1, 2}, {{"e", "y"}}, Exemplars::kKept);
  Shard* const shard = registry.TakeShard();
  shard->Observe(histogram, 1.5, {0x0123456789abcdef, 0x10}, SteadyTime(2'500ms));
  shard->Observe(histogram, 99, {0, 7}, SteadyTime(3s));
  EXPECT_THAT(Lines(registry),
              ElementsAre("# HELP h_seconds H.", "# TYPE h_seconds histogram",
                          "# UNIT h_seconds seconds", "h_seconds_bucket{e=\"x\",le=\"1.0\"} 0",
                          "h_seconds_bucket{e=\"x\",le=\"2.0\"} 1 # "
                          "{trace_id=\"0123456789abcdef0000000000000010\"} 1.5 1000002.500",
                          "h_seconds_bucket{e=\"x\",le=\"+Inf\"} 2 # "
                          "{trace_id=\"00000000000000000000000000000007\"} 99 1000003.000",
                          "h_seconds_sum{e=\"x\"} 100.5", "h_seconds_count{e=\"x\"} 2",
                          "h_seconds_bucket{e=\"y\",le=\"1.0\"} 0",
                          "h_seconds_bucket{e=\"y\",le=\"2.0\"} 0",
                          "h_seconds_bucket{e=\"y\",le=\"+Inf\"} 0", "h_seconds_sum{e=\"y\"} 0",
                          "h_seconds_count{e=\"y\"} 0", "# EOF"));
  EXPECT_THAT(registry.Expose(Format::kText, kUnixOffset), Not(HasSubstr("trace_id")));
}

TEST(OpenMetricsTest, TheLatestExemplarOfAllThreadsIsShown) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1}, {}, Exemplars::kKept);
  Shard* const one = registry.TakeShard();
  Shard* const other = registry.TakeShard();
  one->Observe(histogram, 0.5, {0, 1}, SteadyTime(9s));
  other->Observe(histogram, 0.25, {0, 2}, SteadyTime(8s));
  EXPECT_THAT(registry.Expose(Format::kOpenMetrics), HasSubstr("01\"} 0.5 9.000\n"));
  other->Observe(histogram, 0.75, {0, 3}, SteadyTime(10s));
  EXPECT_THAT(registry.Expose(Format::kOpenMetrics), HasSubstr("03\"} 0.75 10.000\n"));
}

TEST(OpenMetricsTest, QuotesAreEscapedAndOddNumbersAreWritten) {
  Registry registry;
  registry.AddGauge("g", "Says \"no\".", {{"path", "a\\b\"c\nd"}}, [] { return std::nan(""); });
  registry.AddGauge("most", "M.", {}, [] { return HUGE_VAL; });
  const std::string text = registry.Expose(Format::kOpenMetrics);
  EXPECT_THAT(text, HasSubstr("# HELP g Says \\\"no\\\".\n"));
  EXPECT_THAT(text, HasSubstr(R"(g{path="a\\b\"c\nd"} NaN)"));
  EXPECT_THAT(text, HasSubstr("\nmost +Inf\n"));
  EXPECT_THAT(registry.Expose(), HasSubstr("# HELP g Says \"no\".\n"));
}

}  // namespace
}  // namespace baton::metrics
