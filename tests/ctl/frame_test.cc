// Rates between two looks, and the picture that is made of them.
#include "admin/ctl/frame.h"

#include <gmock/gmock.h>

#include "admin/ctl/table.h"

namespace baton::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr SteadyTime kStart{std::chrono::seconds(100)};

struct Seen {
  std::uint64_t requests = 0;
  std::uint64_t misses = 0;
  std::uint64_t pending = 0;
};

Snapshot At(Duration since, const Seen& seen) {
  Snapshot snapshot;
  snapshot.at = kStart + since;
  snapshot.status.set_ready(true);
  snapshot.status.set_uptime_seconds(90);
  snapshot.status.set_requests_total(seen.requests);
  snapshot.status.set_misses_total(seen.misses);
  snapshot.status.set_pending_responses(seen.pending);
  snapshot.status.set_queue_depth(7);
  snapshot.status.mutable_pool()->set_size(4);
  snapshot.status.mutable_pool()->set_busy(3);
  for (const std::string name : {"digits", "tumour"}) {
    admin::v1::Endpoint& one = snapshot.endpoints.emplace_back();
    one.set_name("endpoints/" + name);
    one.set_default_budget_ms(50);
    if (name == "tumour") one.set_requests_total(seen.requests);
    if (name == "tumour") one.set_misses_total(seen.misses);
  }
  return snapshot;
}

void AddMiss(const std::string& cause, Snapshot& snapshot) {
  snapshot.misses.emplace_back().set_cause(cause);
}

TEST(RatesTest, AreDifferencesOverTheTimeBetween) {
  const Rates rates = RatesOf(At(0s, {100, 10, 5}), At(2s, {300, 50, 25}));
  EXPECT_DOUBLE_EQ(rates.goodput, 80);
  EXPECT_DOUBLE_EQ(rates.misses, 20);
  EXPECT_DOUBLE_EQ(rates.offered, 110);
}

TEST(RatesTest, AreZeroWithoutTimeOrAfterANewStart) {
  EXPECT_DOUBLE_EQ(RatesOf(At(1s, {100, 0, 0}), At(1s, {300, 0, 0})).goodput, 0);
  EXPECT_DOUBLE_EQ(RatesOf(At(0s, {100, 0, 0}), At(1s, {30, 0, 0})).goodput, 0);
  EXPECT_DOUBLE_EQ(RatesOf(At(0s, {5, 0, 9}), At(1s, {5, 0, 0})).offered, 0);
}

TEST(RatesTest, AnEndpointThatIsNewHasNoneYet) {
  Snapshot before = At(0s, {100, 0, 0});
  before.endpoints.pop_back();
  const auto rates = EndpointRates(before, At(1s, {300, 0, 0}));
  EXPECT_DOUBLE_EQ(rates.at("endpoints/tumour").goodput, 0);
  EXPECT_DOUBLE_EQ(rates.at("endpoints/digits").goodput, 0);
}

TEST(FrameTest, CausesComeByTheirNumber) {
  Snapshot snapshot = At(0s, {});
  EXPECT_EQ(CausesText(snapshot), "");
  for (const std::string cause : {"draining", "no_time", "no_time"}) AddMiss(cause, snapshot);
  EXPECT_EQ(CausesText(snapshot), "no_time 2, draining 1");
}

TEST(FrameTest, ShowsWhatTheServerDoesWithTheBusiestEndpointFirst) {
  Snapshot after = At(1s, {300, 50, 0});
  AddMiss("no_time", after);
  const std::string text = Frame(At(0s, {100, 0, 0}), after, "h:1", {80, 24}, Look());
  EXPECT_THAT(text, HasSubstr("server   h:1  ready  up 90s  generation 0\n"));
  EXPECT_THAT(text,
              HasSubstr("goodput  150.0/s of 200.0/s offered, misses 50.0/s (25.0 %), late 0\n"));
  EXPECT_THAT(text, HasSubstr("queue    7 waiting, 0 unanswered, 0 connections\n"));
  EXPECT_THAT(text, HasSubstr("pool     [###############.....] 3 of 4 busy"));
  EXPECT_THAT(text, HasSubstr("causes   no_time 1 (of the last 1 misses)\n"));
  EXPECT_LT(text.find("tumour"), text.find("digits"));
}

admin::v1::StatusUpdate Update(double uptime, std::uint64_t predictions, std::uint64_t invalid,
                               std::uint64_t no_time) {
  admin::v1::StatusUpdate update;
  update.mutable_status()->set_uptime_seconds(uptime);
  update.mutable_status()->set_requests_total(predictions + invalid + no_time);
  update.mutable_status()->set_misses_total(no_time);
  admin::v1::Counted& answer = *update.add_answers();
  answer.set_name("prediction");
  answer.set_total(predictions);
  admin::v1::Counted& cause = *update.add_causes();
  cause.set_name("no_time");
  cause.set_total(no_time);
  admin::v1::EndpointLoad& load = *update.add_endpoints();
  load.set_name("endpoints/tumour");
  load.set_requests_total(predictions + invalid + no_time);
  load.set_predictions_total(predictions);
  load.set_misses_total(no_time);
  load.set_in_flight(3);
  load.set_median_ms(4);
  load.set_default_budget_ms(50);
  return update;
}

TEST(FrameTest, WhatTheServerSendsIsShownWithTheRatesOfTheTimeBetween) {
  const Snapshot before = ToSnapshot(Update(10, 100, 7, 20));
  const Snapshot after = ToSnapshot(Update(12, 180, 9, 40));
  EXPECT_DOUBLE_EQ(RatesOf(before, after).goodput, 40);  // who was wrong got no prediction
  EXPECT_DOUBLE_EQ(RatesOf(before, after).misses, 10);
  EXPECT_DOUBLE_EQ(EndpointRates(before, after).at("endpoints/tumour").goodput, 40);
  const std::string text = Frame(before, after, "h:1", {80, 24}, Look());
  EXPECT_THAT(text,
              HasSubstr("goodput  40.0/s of 51.0/s offered, misses 10.0/s (20.0 %), late 0\n"));
  EXPECT_THAT(text, HasSubstr("causes   no_time 10.0/s\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("tumour +40.0 +51.0 +10.0 +3 +0us +4ms +50ms"));
  EXPECT_THAT(Frame(after, after, "h:1", {80, 24}, Look()), HasSubstr("causes   no misses\n"));
}

TEST(FrameTest, FitsTheTerminalWhateverItsSize) {
  Snapshot snapshot = At(0s, {});
  for (int i = 0; i < 60; ++i)
    snapshot.endpoints.emplace_back().set_name("endpoints/a_model_of_ours");
  for (const FrameSize size : {FrameSize{80, 24}, FrameSize{40, 10}, FrameSize{200, 50}}) {
    const std::string text = Frame(snapshot, snapshot, "h:1", size, Look());
    int lines = 0;
    for (std::size_t at = 0; at < text.size(); ++lines) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(WidthOf(std::string_view(text).substr(at, end - at)), size.columns);
      at = end + 1;
    }
    EXPECT_LE(lines, size.lines);
    EXPECT_GE(lines, size.lines - 1);
  }
}

TEST(FrameTest, RatesHaveFewLetters) {
  EXPECT_EQ(RateText(0.04), "0.0");
  EXPECT_EQ(RateText(1234.56), "1234.6");
  EXPECT_EQ(RateText(123456.7), "123457");
}

}  // namespace
}  // namespace baton::ctl
