// The registry: what exists, in which order, how it is written out, and what it refuses.
#include "server/metrics/registry.h"

#include <cstdlib>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Lines(const Registry& registry) {
  std::vector<std::string> lines;
  std::istringstream text(registry.Expose());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(RegistryTest, AChildExistsAtZeroFromTheMomentItIsAskedFor) {
  Registry registry;
  const Counter counter = registry.AddCounter("c_total", "C.", {{"answer", "error"}});
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {0.5});
  EXPECT_EQ(registry.Value(counter), 0);
  EXPECT_EQ(registry.Count(histogram), 0u);
  EXPECT_EQ(registry.Sum(histogram), 0);
  EXPECT_THAT(
      Lines(registry),
      ElementsAre("# HELP c_total C.", "# TYPE c_total counter", "c_total{answer=\"error\"} 0",
                  "# HELP h_seconds H.", "# TYPE h_seconds histogram",
                  "h_seconds_bucket{le=\"0.5\"} 0", "h_seconds_bucket{le=\"+Inf\"} 0",
                  "h_seconds_sum 0", "h_seconds_count 0"));
}

TEST(RegistryTest, FamiliesAndChildrenStandInTheOrderTheyWereMade) {
  Registry registry;
  registry.AddCounter("z_total", "Z.", {{"k", "2"}});
  registry.AddGauge("a", "A.", {}, [] { return 1; });
  registry.AddCounter("z_total", "Z.", {{"k", "1"}});
  EXPECT_THAT(Lines(registry),
              ElementsAre("# HELP z_total Z.", "# TYPE z_total counter", "z_total{k=\"2\"} 0",
                          "z_total{k=\"1\"} 0", "# HELP a A.", "# TYPE a gauge", "a 1"));
}

TEST(RegistryTest, HistogramBucketsAreWrittenCumulatively) {
  Registry registry;
  const Histogram histogram = registry.AddHistogram("h_seconds", "H.", {1, 2}, {{"e", "x"}});
  Shard* const shard = registry.TakeShard();
  for (const double value : {0.5, 1.0, 1.5, 3.0}) shard->Observe(histogram, value);
  EXPECT_THAT(Lines(registry),
              ElementsAre("# HELP h_seconds H.", "# TYPE h_seconds histogram",
                          "h_seconds_bucket{e=\"x\",le=\"1.0\"} 2",
                          "h_seconds_bucket{e=\"x\",le=\"2.0\"} 3",
                          "h_seconds_bucket{e=\"x\",le=\"+Inf\"} 4", "h_seconds_sum{e=\"x\"} 6",
                          "h_seconds_count{e=\"x\"} 4"));
}

TEST(RegistryTest, HistogramsOfOneFamilyAreCountedApart) {
  Registry registry;
  const Histogram a = registry.AddHistogram("h_seconds", "H.", {1, 2}, {{"e", "a"}});
  const Histogram b = registry.AddHistogram("h_seconds", "H.", {1, 2}, {{"e", "b"}});
  Shard* const shard = registry.TakeShard();
  shard->Observe(a, 5);
  shard->Observe(b, 0.25);
  shard->Observe(b, 0.5);
  EXPECT_EQ(registry.Count(a), 1u);
  EXPECT_EQ(registry.Sum(a), 5);
  EXPECT_EQ(registry.Count(b), 2u);
  EXPECT_EQ(registry.Sum(b), 0.75);
}

TEST(RegistryTest, EveryLineFollowsTheTextFormat) {
  Registry registry;
  registry.AddCounter("c_total", "A \"quoted\" help, with {braces}.", {{"path", "a\\b\"c\nd"}});
  registry.AddHistogram("h_seconds", "H.", kLatencyBuckets, {{"e", "x"}});
  registry.AddGauge("g", "G.", {}, [] { return -1.5e-9; });
  registry.AddGauge("unknown", "U.", {}, [] { return std::nan(""); });
  const std::regex comment(R"(# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram)))");
  const std::regex sample(R"re([a-z_]+(\{([a-z]+="([^"\\]|\\["\\n])*",?)+\})? )re"
                          R"re((-?[0-9.]+(e[+-][0-9]+)?|[+-]Inf|Nan|NaN))re");
  for (const std::string& line : Lines(registry)) {
    EXPECT_TRUE(std::regex_match(line, line[0] == '#' ? comment : sample)) << line;
  }
  EXPECT_THAT(registry.Expose(), HasSubstr(R"(c_total{path="a\\b\"c\nd"} 0)"));
}

// As OpenMetrics would have them in either format: a bucket is the same series whichever is asked
// for.
TEST(RegistryTest, BucketBoundsAreWrittenAsCanonicalNumbers) {
  Registry registry;
  registry.AddHistogram("h_seconds", "H.", kLatencyBuckets);
  registry.AddHistogram("i_seconds", "I.", kStageBuckets);
  registry.AddHistogram("j", "J.", kBatchBuckets);
  const std::string text = registry.Expose();
  for (const char* bound : {"1e-05", "2.5e-05", "0.0001", "0.00025", "0.075", "0.1", "1.0", "2.5",
                            "7.5", "10.0", "128.0", "1024.0"}) {
    EXPECT_THAT(text, HasSubstr("le=\"" + std::string(bound) + "\""));
  }
}

TEST(RegistryTest, BeforeEachMetricIsReadAndWrittenTheCallerMayDoSomethingElse) {
  Registry registry;
  for (const char* name : {"a", "b", "c"}) registry.AddCounter("c_total", "C.", {{"l", name}});
  registry.AddHistogram("h_seconds", "H.", kLatencyBuckets);
  int times = 0;
  registry.Expose(Format::kText, Duration::zero(), [&times] { ++times; });
  EXPECT_EQ(times, 2 * 4);
}

TEST(RegistryTest, AShardGivenBackKeepsItsCountsAndServesTheNextThread) {
  Registry registry;
  const Counter counter = registry.AddCounter("c_total", "C.");
  Shard* const first = registry.TakeShard();
  first->Add(counter, 2);
  registry.GiveBack(first);
  EXPECT_EQ(registry.Value(counter), 2);
  Shard* const again = registry.TakeShard();
  EXPECT_EQ(again, first);
  again->Add(counter, 3);
  EXPECT_EQ(registry.Value(counter), 5);
  EXPECT_NE(registry.TakeShard(), again) << "a shard in use was lent twice";
}

TEST(RegistryTest, FunctionsAreReadAtEveryScrape) {
  Registry registry;
  double depth = 1;
  double drops = 10;
  registry.AddGauge("depth", "D.", {}, [&] { return depth; });
  registry.AddCounterFunction("drops_total", "D.", {}, [&] { return drops; });
  EXPECT_THAT(registry.Expose(), HasSubstr("\ndepth 1\n"));
  depth = 7;
  drops = 11;
  EXPECT_THAT(registry.Expose(), HasSubstr("\ndepth 7\n"));
  EXPECT_THAT(registry.Expose(), HasSubstr("\ndrops_total 11\n"));
}

TEST(RegistryTest, AFunctionMayAddChildrenWhileItIsRead) {
  Registry registry;
  bool added = false;
  registry.AddGauge("g", "G.", {}, [&] {
    if (!added) registry.AddCounter("late_total", "L.");
    added = true;
    return 0;
  });
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("late_total")));
  EXPECT_THAT(registry.Expose(), HasSubstr("late_total 0"));
}

TEST(RegistryTest, ARemovedChildIsNoLongerReadAndMayComeBackAtZero) {
  Registry registry;
  int reads = 0;
  const auto read = [&reads] { return ++reads; };
  const Labels b = {{"endpoint", "b"}, {"version", "1"}};
  registry.AddGauge("ready", "R.", {{"endpoint", "a"}, {"version", "1"}}, [] { return 1; });
  registry.AddGauge("ready", "R.", b, read);
  EXPECT_TRUE(registry.RemoveChild("ready", {{"version", "1"}, {"endpoint", "b"}}));
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("endpoint=\"b\"")));
  EXPECT_THAT(registry.Expose(), HasSubstr("endpoint=\"a\""));
  EXPECT_EQ(reads, 0);
  registry.AddGauge("ready", "R.", b, read);
  EXPECT_THAT(registry.Expose(), HasSubstr("ready{endpoint=\"b\",version=\"1\"} 1"));
}

TEST(RegistryTest, ACounterAddedAnewAfterItsRemovalStartsAtZero) {
  Registry registry;
  const Counter old = registry.AddCounter("c_total", "C.", {{"endpoint", "a"}});
  Shard* const shard = registry.TakeShard();
  shard->Add(old, 5);
  ASSERT_TRUE(registry.RemoveChild("c_total", {{"endpoint", "a"}}));
  EXPECT_EQ(registry.Expose(), "");
  registry.AddCounter("c_total", "C.", {{"endpoint", "a"}});
  shard->Add(old);
  EXPECT_THAT(registry.Expose(), HasSubstr("c_total{endpoint=\"a\"} 0"));
}

TEST(RegistryTest, RemovingWhatIsNotThereSaysSo) {
  Registry registry;
  registry.AddCounter("c_total", "C.", {{"endpoint", "a"}});
  EXPECT_FALSE(registry.RemoveChild("c_total", {{"endpoint", "b"}}));
  EXPECT_FALSE(registry.RemoveChild("d_total", {}));
}

TEST(RegistryTest, HistogramsThatDoNotFitTheRestOfAChunkStillCountRight) {
  Registry registry;
  std::vector<Histogram> histograms;
  histograms.reserve(200);
  for (int i = 0; i < 200; ++i) {
    histograms.push_back(
        registry.AddHistogram("h_seconds", "H.", kStageBuckets, {{"i", std::to_string(i)}}));
  }
  Shard* const shard = registry.TakeShard();
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    for (std::size_t n = 0; n <= i; ++n) shard->Observe(histograms[i], 100);
  }
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    EXPECT_EQ(registry.Count(histograms[i]), i + 1);
    EXPECT_EQ(registry.Sum(histograms[i]), 100.0 * static_cast<double>(i + 1));
  }
}

class RegistryDeathTest : public ::testing::Test {
 protected:
  RegistryDeathTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    registry_.AddCounter("c_total", "C.", {{"endpoint", "a"}});
    registry_.AddHistogram("h_seconds", "H.", {1, 2});
  }
  Registry registry_;
};

TEST_F(RegistryDeathTest, TheSameLabelsTwiceEndTheProcess) {
  EXPECT_DEATH(registry_.AddCounter("c_total", "C.", {{"endpoint", "a"}}),
               "metric c_total: these labels are there already");
}

TEST_F(RegistryDeathTest, AnotherHelpKindBoundsOrLabelNamesEndTheProcess) {
  EXPECT_DEATH(registry_.AddCounter("c_total", "Other.", {{"endpoint", "b"}}), "another help");
  EXPECT_DEATH(registry_.AddGauge("h_seconds", "H.", {}, [] { return 0; }), "another kind");
  EXPECT_DEATH(registry_.AddHistogram("h_seconds", "H.", {1, 3}), "other bounds");
  EXPECT_DEATH(registry_.AddCounter("c_total", "C.", {{"model", "b"}}), "other label names");
}

TEST_F(RegistryDeathTest, NamesThatPrometheusWouldRefuseEndTheProcess) {
  const auto zero = [] { return 0; };
  EXPECT_DEATH(registry_.AddCounter("1st_total", "H."), "the name must match");
  EXPECT_DEATH(registry_.AddCounter("requests", "H."), "end in _total");
  EXPECT_DEATH(registry_.AddGauge("depth_total", "H.", {}, zero), "end in _total");
  EXPECT_DEATH(registry_.AddGauge("depth_count", "H.", {}, zero), "belong to histograms");
  EXPECT_DEATH(registry_.AddCounter("d_total", ""), "help text must be given");
  EXPECT_DEATH(registry_.AddCounter("d_total", "two\nlines"), "one plain line");
}

TEST_F(RegistryDeathTest, NamesThatAreOneFamilyInOpenMetricsEndTheProcess) {
  EXPECT_DEATH(registry_.AddGauge("c", "C.", {}, [] { return 0; }),
               "one family for it and c_total");
  EXPECT_DEATH(registry_.AddCounter("h_seconds_total", "H."), "for it and h_seconds");
}

TEST_F(RegistryDeathTest, LabelsThatPrometheusWouldRefuseEndTheProcess) {
  EXPECT_DEATH(registry_.AddCounter("d_total", "D.", {{"a-b", ""}}), "a label must match");
  EXPECT_DEATH(registry_.AddCounter("d_total", "D.", {{"le", "1"}}), "reserved");
  EXPECT_DEATH(registry_.AddCounter("d_total", "D.", {{"a", "1"}, {"a", "2"}}), "stand once");
}

TEST_F(RegistryDeathTest, BoundsThatMakeNoHistogramEndTheProcess) {
  EXPECT_DEATH(registry_.AddHistogram("i_seconds", "I.", {}), "needs a bucket");
  EXPECT_DEATH(registry_.AddHistogram("i_seconds", "I.", {2, 1}), "must ascend");
  EXPECT_DEATH(registry_.AddHistogram("i_seconds", "I.", {1, 1}), "must ascend");
  EXPECT_DEATH(registry_.AddHistogram("i_seconds", "I.", {1, HUGE_VAL}), "must be finite");
  const std::vector<double> many(Shard::kCellsPerChunk, 1);
  std::vector<double> ascending;
  ascending.reserve(many.size());
  for (const double one : many) ascending.push_back(one + static_cast<double>(ascending.size()));
  EXPECT_DEATH(registry_.AddHistogram("i_seconds", "I.", ascending), "too many buckets");
}

TEST_F(RegistryDeathTest, AFunctionThatIsNotThereEndsTheProcess) {
  EXPECT_DEATH(registry_.AddGauge("g", "G.", {}, nullptr), "a function");
  EXPECT_DEATH(registry_.AddCounterFunction("g_total", "G.", {}, nullptr), "a function");
}

TEST_F(RegistryDeathTest, AShardIsGivenBackOnceAndToItsOwnRegistry) {
  Shard* const shard = registry_.TakeShard();
  Registry other;
  EXPECT_DEATH(other.GiveBack(shard), "check failed");
  EXPECT_DEATH(registry_.GiveBack(nullptr), "check failed");
  registry_.GiveBack(shard);
  EXPECT_DEATH(registry_.GiveBack(shard), "check failed");
}

}  // namespace
}  // namespace baton::metrics
