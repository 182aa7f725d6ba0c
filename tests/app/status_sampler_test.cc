// What a sample says of counters that move between two of them.
#include "server/app/status_sampler.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/sockets.h"

namespace baton::app {
namespace {

class StatusSamplerTest : public testing::Test {
 protected:
  ~StatusSamplerTest() override { registry_.GiveBack(shard_); }

  void Received(const serve::Endpoint& endpoint, int times) {
    shard_->Add(endpoint.metrics.received, times);
  }
  void Answered(const serve::Endpoint& endpoint, serve::Answer answer, int times) {
    shard_->Add(endpoint.metrics.requests[static_cast<std::size_t>(answer)], times);
  }
  void Missed(const serve::Endpoint& endpoint, serve::Cause cause, int times) {
    shard_->Add(endpoint.metrics.misses[static_cast<std::size_t>(cause)], times);
  }
  control::StatusSample TakeAfter(Duration time) {
    now_ += time;
    return sampler_.Take({}, now_, 1'700'000'000'000);
  }
  static const control::Counted& Of(const std::vector<control::Counted>& all,
                                    const std::string& name) {
    return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  }

  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  const serve::Endpoint& tumour_ = **endpoints_.Add("tumour", serve::Endpoint::Kind::kModel);
  const serve::Endpoint& digits_ = **endpoints_.Add("digits", serve::Endpoint::Kind::kModel);
  serve::Scheduler scheduler_{clock_, {}, endpoints_.size()};
  serve::Scheduler reserve_{clock_, {}, endpoints_.size()};
  ServingState serving_{endpoints_, scheduler_, reserve_, {}};
  metrics::Shard* const shard_ = registry_.TakeShard();
  const std::vector<std::unique_ptr<Conductor>> conductors_{};
  const metrics::Counter busy_ = registry_.AddCounter("baton_pool_busy_seconds_total", "B.");
  LoadHints load_;
  StatusSampler sampler_{{registry_, endpoints_, serving_, scheduler_, conductors_, busy_, load_}};
  SteadyTime now_ = clock_.Now();
};

TEST_F(StatusSamplerTest, TheFirstHasTotalsAndNoRates) {
  Received(tumour_, 5);
  Answered(tumour_, serve::Answer::kPrediction, 3);
  const control::StatusSample first = TakeAfter(0s);
  EXPECT_EQ(first.number, 1U);
  EXPECT_EQ(first.covers, Duration::zero());
  EXPECT_EQ(first.received_total, 5U);
  EXPECT_EQ(first.in_flight, 2U);
  EXPECT_EQ(first.offered_per_second, 0);
  EXPECT_EQ(first.goodput_per_second, 0);
}

TEST_F(StatusSamplerTest, RatesAreDifferencesOverTheTimeBetween) {
  Received(tumour_, 100);
  TakeAfter(0s);
  Received(tumour_, 40);
  Answered(tumour_, serve::Answer::kPrediction, 20);
  Answered(tumour_, serve::Answer::kInvalid, 4);
  Answered(tumour_, serve::Answer::kRefused, 10);
  Answered(digits_, serve::Answer::kFallback, 2);
  Missed(tumour_, serve::Cause::kNoTime, 10);
  Missed(digits_, serve::Cause::kExpiredRunning, 2);
  const control::StatusSample second = TakeAfter(2s);
  EXPECT_EQ(second.covers, Duration(2s));
  EXPECT_DOUBLE_EQ(second.offered_per_second, 20);
  EXPECT_DOUBLE_EQ(second.goodput_per_second, 10);
  EXPECT_DOUBLE_EQ(second.misses_per_second, 6);
  EXPECT_DOUBLE_EQ(Of(second.causes, "no_time").per_second, 5);
  EXPECT_EQ(Of(second.causes, "no_time").total, 10U);
  EXPECT_DOUBLE_EQ(Of(second.causes, "expired_running").per_second, 1);
  EXPECT_DOUBLE_EQ(Of(second.answers, "invalid").per_second, 2);
  EXPECT_EQ(second.causes.size(), serve::kAllCauses.size() - 1);
  const control::StatusSample third = TakeAfter(1s);
  EXPECT_EQ(third.number, 3U);
  EXPECT_DOUBLE_EQ(third.offered_per_second, 0);
  EXPECT_EQ(third.received_total, 140U);
}

TEST_F(StatusSamplerTest, AnswersAreToldOfTheSameSecond) {
  Answered(tumour_, serve::Answer::kPrediction, 100);
  TakeAfter(0s);
  shard_->Add(busy_, 1.5);
  for (const serve::Answer answer : serve::kAllAnswers) Answered(tumour_, answer, 4);
  TakeAfter(2s);
  RequestRecord record;
  record.endpoint = &tumour_;
  record.explain = true;
  const api::LoadReport told = load_.For(record).value().report;
  EXPECT_DOUBLE_EQ(told.requests_per_second, 14);
  EXPECT_DOUBLE_EQ(told.errors_per_second, 6) << "refused, timeout, error";
  EXPECT_DOUBLE_EQ(told.application_utilization, 0.75);
}

TEST_F(StatusSamplerTest, EndpointsComeByNameEachWithItsOwnAndNewOnesFromTheirFirst) {
  TakeAfter(0s);
  const serve::Endpoint& added = **endpoints_.Add("added", serve::Endpoint::Kind::kModel);
  Received(added, 3);
  Received(tumour_, 7);
  Answered(tumour_, serve::Answer::kTimeout, 7);
  const control::StatusSample sample = TakeAfter(1s);
  ASSERT_EQ(sample.endpoints.size(), 3U);
  EXPECT_EQ(sample.endpoints[0].name, "added");
  EXPECT_DOUBLE_EQ(sample.endpoints[0].offered_per_second, 3);
  EXPECT_EQ(sample.endpoints[0].in_flight, 3U);
  EXPECT_EQ(sample.endpoints[1].name, "digits");
  EXPECT_EQ(sample.endpoints[2].misses_total, 7U);
  EXPECT_DOUBLE_EQ(sample.endpoints[2].misses_per_second, 7);
  EXPECT_EQ(sample.endpoints[2].in_flight, 0U);
}

TEST_F(StatusSamplerTest, WhatNamesNoEndpointIsInTheSumsAlone) {
  TakeAfter(0s);
  Received(endpoints_.unknown(), 4);
  const control::StatusSample sample = TakeAfter(1s);
  EXPECT_DOUBLE_EQ(sample.offered_per_second, 4);
  EXPECT_EQ(sample.endpoints.size(), 2U);
}

TEST_F(StatusSamplerTest, AnEndpointHasTheCausesThatItHad) {
  Missed(tumour_, serve::Cause::kNoTime, 10);
  TakeAfter(0s);
  Missed(tumour_, serve::Cause::kNoTime, 4);
  const control::StatusSample sample = TakeAfter(2s);
  ASSERT_EQ(sample.endpoints[1].name, "tumour");
  ASSERT_EQ(sample.endpoints[1].causes.size(), 1U);
  EXPECT_EQ(sample.endpoints[1].causes[0].name, "no_time");
  EXPECT_EQ(sample.endpoints[1].causes[0].total, 14U);
  EXPECT_DOUBLE_EQ(sample.endpoints[1].causes[0].per_second, 2);
  EXPECT_TRUE(sample.endpoints[0].causes.empty());
}

TEST_F(StatusSamplerTest, SharesOfBudgetsAreThoseOfAllEndpoints) {
  shard_->Observe(tumour_.metrics.budget_used, 0.05);
  shard_->Observe(digits_.metrics.budget_used, 0.05);
  shard_->Observe(digits_.metrics.budget_used, 3);
  const control::StatusSample sample = TakeAfter(0s);
  ASSERT_EQ(sample.budget_used.size(), sample.budget_used_bounds.size() + 1);
  EXPECT_EQ(sample.budget_used.front(), 2U);
  EXPECT_EQ(sample.budget_used.back(), 1U);
}

TEST_F(StatusSamplerTest, ListenersSayWhoWaits) {
  const UniqueFd listening = testing_support::ListenAnywhere();
  sampler_.Add({"http", listening.get()});
  const UniqueFd client = testing_support::Connect(net::LocalPort(listening.get()));
  const control::StatusSample sample = TakeAfter(0s);
  ASSERT_EQ(sample.backlogs.size(), 1U);
  EXPECT_EQ(sample.backlogs[0].listener, "http");
  EXPECT_EQ(sample.backlogs[0].depth, 1U);
  EXPECT_GT(sample.backlogs[0].limit, 0U);
}

}  // namespace
}  // namespace baton::app
