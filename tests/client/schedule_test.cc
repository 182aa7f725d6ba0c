// Schedules: spacing, mean, determinism, refused options.
#include "client/lib/schedule.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace baton::client {
namespace {

ScheduleOptions Options(ScheduleKind kind, double rate, Duration span, std::uint64_t seed = 1) {
  ScheduleOptions options;
  options.kind = kind;
  options.rate = rate;
  options.span = span;
  options.seed = seed;
  return options;
}

TEST(ScheduleTest, FixedIsEvenlySpacedFromZero) {
  const auto offsets = MakeSchedule(Options(ScheduleKind::kFixed, 4, 1s));
  EXPECT_EQ(offsets, (std::vector<Duration>{0ms, 250ms, 500ms, 750ms}));
}

TEST(ScheduleTest, FixedDoesNotDriftWhenThePeriodIsNoWholeNumberOfNanoseconds) {
  const auto offsets = MakeSchedule(Options(ScheduleKind::kFixed, 3, 100s));
  ASSERT_EQ(offsets.size(), 300U);
  EXPECT_EQ(offsets[1], Duration(333'333'333));
  EXPECT_EQ(offsets[3], 1s);
  EXPECT_EQ(offsets[297], 99s);
}

TEST(ScheduleTest, FixedSlowerThanItsSpanSendsOnce) {
  EXPECT_EQ(MakeSchedule(Options(ScheduleKind::kFixed, 0.1, 1s)), std::vector<Duration>{0ms});
}

TEST(ScheduleTest, PoissonHasTheRateAndTheSpreadOfExponentialGaps) {
  const auto offsets = MakeSchedule(Options(ScheduleKind::kPoisson, 1000, 100s));
  EXPECT_NEAR(static_cast<double>(offsets.size()), 100'000, 1'500);  // about five deviations
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    const double gap = ToMillis(offsets[i] - offsets[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const double count = static_cast<double>(offsets.size() - 1);
  const double mean = sum / count;
  EXPECT_NEAR(mean, 1.0, 0.02);
  // An exponential distribution deviates by as much as its mean; evenly spaced gaps would not at
  // all.
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean), 1.0, 0.05);
}

TEST(ScheduleTest, PoissonIsAscendingAndInsideItsSpan) {
  const auto offsets = MakeSchedule(Options(ScheduleKind::kPoisson, 5000, 2s, 7));
  ASSERT_FALSE(offsets.empty());
  EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
  EXPECT_GE(offsets.front(), 0s);
  EXPECT_LT(offsets.back(), 2s);
}

TEST(ScheduleTest, PoissonIsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto make = [](std::uint64_t seed) {
    return MakeSchedule(Options(ScheduleKind::kPoisson, 100, 1s, seed));
  };
  EXPECT_EQ(make(42), make(42));
  EXPECT_NE(make(42), make(43));
}

TEST(ScheduleTest, TwoSchedulesFollowEachOtherWithoutAGap) {
  const auto offsets = MakeSchedule(Options(ScheduleKind::kFixed, 4, 500ms, 1),
                                    Options(ScheduleKind::kFixed, 1, 2s, 1));
  EXPECT_EQ(offsets, (std::vector<Duration>{0ms, 250ms, 500ms, 1500ms}));
}

TEST(ScheduleTest, RatesAndSpansOutOfRangeAreRefusedByName) {
  const auto field_of = [](double rate, Duration span) {
    const Status status = Options(ScheduleKind::kFixed, rate, span).Validate();
    return status ? std::string("accepted") : status.error().field;
  };
  EXPECT_EQ(field_of(100, 10s), "accepted");
  EXPECT_EQ(field_of(0, 10s), "rate");
  EXPECT_EQ(field_of(-1, 10s), "rate");
  EXPECT_EQ(field_of(std::nan(""), 10s), "rate");
  EXPECT_EQ(field_of(1'000'001, 10s), "rate");
  EXPECT_EQ(field_of(1'000'000, 10s), "accepted");
  EXPECT_EQ(field_of(1'000'000, 10min), "rate");  // too many to plan
  EXPECT_EQ(field_of(100, 0s), "duration");
}

}  // namespace
}  // namespace baton::client
