// What is measured of the load, and who is told.
#include "server/app/load_hints.h"

#include <gtest/gtest.h>

namespace baton::app {
namespace {

class LoadHintsTest : public ::testing::Test {
 protected:
  LoadHintsTest() {
    record_.endpoint = &endpoint_;
    record_.load_format = api::LoadFormat::kText;
  }
  api::LoadReport Told() { return hints_.For(record_).value().report; }

  LoadHints hints_;
  serve::Endpoint endpoint_;
  RequestRecord record_;
};

TEST_F(LoadHintsTest, OnlyWhoAskedIsTold) {
  EXPECT_EQ(hints_.For(record_)->format, api::LoadFormat::kText);
  record_.load_format = api::LoadFormat::kNone;
  EXPECT_FALSE(hints_.For(record_).has_value());
  record_.explain = true;
  EXPECT_EQ(hints_.For(record_)->format, api::LoadFormat::kNone);
}

TEST_F(LoadHintsTest, FiguresAreOfTheTimeBetweenTwoLooks) {
  hints_.Measure({10s, 100, 1000, 50}, {.cores = 4, .workers = 2}, SteadyTime(1h));
  EXPECT_EQ(Told().requests_per_second, 0) << "the first look knows no time";
  hints_.Measure({14s, 101, 1300, 60}, {.cores = 4, .workers = 2}, SteadyTime(1h + 2s));
  EXPECT_DOUBLE_EQ(Told().cpu_utilization, 0.5);
  EXPECT_DOUBLE_EQ(Told().application_utilization, 0.25);
  EXPECT_DOUBLE_EQ(Told().requests_per_second, 150);
  EXPECT_DOUBLE_EQ(Told().errors_per_second, 5);
}

TEST_F(LoadHintsTest, WorkersAreNotIdleWhileLongRunsAreUnderWay) {
  hints_.Measure({0s, 10, 0, 0}, {.cores = 4, .workers = 2}, SteadyTime(1h));
  hints_.Measure({0s, 10, 0, 0}, {.cores = 4, .workers = 2}, SteadyTime(1h + 2s), 3s);
  EXPECT_DOUBLE_EQ(Told().application_utilization, 0.75);
  hints_.Measure({0s, 14, 0, 0}, {.cores = 4, .workers = 2}, SteadyTime(1h + 4s), 1s);
  EXPECT_DOUBLE_EQ(Told().application_utilization, 1) << "what has ended is no less";
}

TEST_F(LoadHintsTest, ThePredictedWaitIsThatOfTheRequest) {
  endpoint_.waiting = 7;
  record_.predicted_wait = 3ms;
  EXPECT_FALSE(Told().predicted_wait.has_value()) << "admission has not looked at it";
  record_.was_decided = true;
  EXPECT_EQ(Told().predicted_wait, Duration(3ms));
  EXPECT_EQ(Told().waiting, 7U);
}

TEST_F(LoadHintsTest, NoWorkersAndTwoLooksAtOnceDivideByNothing) {
  hints_.Measure({}, {.cores = 0, .workers = 0}, SteadyTime(1h));
  hints_.Measure({1s, 1, 1, 1}, {.cores = 0, .workers = 0}, SteadyTime(1h));
  EXPECT_EQ(Told().cpu_utilization, 0);
  hints_.Measure({2s, 2, 2, 2}, {.cores = 0, .workers = 0}, SteadyTime(1h + 1s));
  EXPECT_DOUBLE_EQ(Told().cpu_utilization, 1);
}

TEST(ProcessCpuTimeTest, ItGrowsWithWhatIsDone) {
  const Duration before = ProcessCpuTime();
  while (ProcessCpuTime() == before) {
  }
  EXPECT_GT(ProcessCpuTime(), before);
}

}  // namespace
}  // namespace baton::app
