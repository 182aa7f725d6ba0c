// Windows of a load, and when they are good again.
#include "client/lib/load_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/load_report.h"

namespace baton::client {
namespace {

// One request a window: g is good, l is late, m is a miss in time, a dot is none.
LoadWindows Windows(std::string_view story) {
  LoadWindows windows;
  Duration at = 10ms;
  for (const char c : story) {
    if (c != '.') windows.Add(at, c == 'g', c == 'l');
    at += LoadWindows::kLength;
  }
  return windows;
}

TEST(LoadWindowsTest, RequestsCountInTheWindowOfTheirInstant) {
  LoadWindows windows;
  windows.Add(0ms, true, false);
  windows.Add(199ms, false, true);
  windows.Add(400ms, false, false);
  ASSERT_EQ(windows.all().size(), 3U);
  EXPECT_EQ(windows.all()[0].requests, 2U);
  EXPECT_EQ(windows.all()[0].good, 1U);
  EXPECT_EQ(windows.all()[0].late, 1U);
  EXPECT_EQ(windows.all()[1].requests, 0U);
  EXPECT_TRUE(windows.all()[1].IsAllGood());
  EXPECT_FALSE(windows.all()[2].IsAllGood());
}

TEST(LoadWindowsTest, MemoryIsBoundedAndNothingIsLost) {
  LoadWindows windows;
  windows.Add(24h, true, false);
  windows.Add(23h, true, false);
  EXPECT_EQ(windows.all().size(), LoadWindows::kMostWindows);
  EXPECT_EQ(windows.all().back().requests, 2U);
}

TEST(LoadWindowsTest, BackToNormalIsTheStartOfTheFirstSecondThatIsAllGood) {
  EXPECT_EQ(BackToNormal(Windows("ggggggg")), 0ms);
  EXPECT_EQ(BackToNormal(Windows("mlggggg")), 400ms);
  EXPECT_EQ(BackToNormal(Windows("mggggmggggg")), 1200ms);
  EXPECT_EQ(BackToNormal(Windows("mgg.ggml")), 200ms);
}

TEST(LoadWindowsTest, AMissInEverySecondIsNeverNormal) {
  EXPECT_EQ(BackToNormal(Windows("mggggmggggl")), std::nullopt);
  EXPECT_EQ(BackToNormal(LoadWindows()), std::nullopt);
}

TEST(LoadWindowsTest, LessThanASecondHasToBeGoodAsAWhole) {
  EXPECT_EQ(BackToNormal(Windows("ggg")), 0ms);
  EXPECT_EQ(BackToNormal(Windows("mgg")), std::nullopt);
}

TEST(LoadWindowsTest, AReportCountsEveryEndOfARequestInItsWindow) {
  LoadReport report;
  Outcome outcome;
  outcome.answer = "prediction";
  outcome.budget = 50ms;
  outcome.latency = 49ms;
  report.Add(outcome);
  outcome.latency = 51ms;
  report.Add(outcome);
  outcome.intended = 200ms;
  outcome.end = End::kReset;
  report.Add(outcome);
  ASSERT_EQ(report.windows().all().size(), 2U);
  EXPECT_EQ(report.windows().all()[0].good, 1U);
  EXPECT_EQ(report.windows().all()[0].late, 1U);
  EXPECT_EQ(report.windows().all()[1].requests, 1U);
  EXPECT_EQ(report.windows().all()[1].good + report.windows().all()[1].late, 0U);
}

}  // namespace
}  // namespace baton::client
