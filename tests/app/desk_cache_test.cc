// Requests that a response cache answers, that wait for an equal one, and that lead the others.
#include "server/app/desk_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/app/desk_harness.h"

namespace baton::app {
namespace {

using serve::CacheState;
using testing::HasSubstr;

class DeskCacheTest : public DeskHarness {
 protected:
  DeskCacheTest() {
    response_cache_ = std::make_shared<serve::ResponseCache>(serve::CachePolicy{});
    Publish({});
  }

  // A request for x that names itself `id`, a JSON string or nothing.
  Index Ask(const std::string& x, const std::string& id = {}, Duration budget = 100ms) {
    std::string body = id + x;
    return Bring(std::move(body), id, api::OwnPart{0, id.size()}, budget);
  }
  Index Bring(std::string body, const std::string& id, std::optional<api::OwnPart> own,
              Duration budget = 100ms) {
    const Index index = Receive();
    OnLoop();
    EXPECT_TRUE(desk_.GrantBudget(index, budget, harness_.clock().Now()));
    desk_.record(index).protocol_id = id;
    Result<api::Plan> plan = desk_.catalogue().PlanFor("m", {}, api::BodyFormat::kInfer);
    EXPECT_TRUE(plan);
    plan->own = own;
    desk_.Admit(index, *plan, body);
    harness_.Turn();
    return index;
  }
  // What a worker answers a request that names itself `id`.
  static serve::Reply ReplyTo(const std::string& id) {
    const std::string own = id.empty() ? "" : ",\"id\":" + id;
    serve::Reply reply = Prediction("{\"model_name\":\"m\"" + own + ",\"outputs\":[]}");
    reply.own_begin = own.empty() ? 0 : 17;
    reply.own_size = own.size();
    return reply;
  }
  static serve::Reply Failure() {
    serve::Reply reply;
    reply.answer = Answer::kError;
    reply.cause = Cause::kBackendError;
    return reply;
  }
  std::size_t Waiting() const { return scheduler_.figures().waiting; }
  std::size_t Flights() const { return response_cache_->figures().flights; }
  void AdvanceUntilAnswered(std::size_t answers) {
    for (int i = 0; i < 100 && front_.answers.size() < answers; ++i) harness_.Advance(1ms);
    ASSERT_EQ(front_.answers.size(), answers);
  }
  void ExpectAnswer(std::size_t which, Answer answer, CacheState state) {
    ASSERT_GT(front_.answers.size(), which);
    EXPECT_EQ(front_.answers[which].view.answer, answer);
    EXPECT_EQ(front_.answers[which].view.cache, state);
  }
};

TEST_F(DeskCacheTest, AnAnswerIsGivenAgainAtOnceWithTheIdOfWhoAsks) {
  Ask("x", R"("ann")");
  Complete(Take(scheduler_), ReplyTo(R"("ann")"));
  ExpectAnswer(0, Answer::kPrediction, CacheState::kMiss);
  EXPECT_EQ(front_.answers[0].body, R"({"model_name":"m","id":"ann","outputs":[]})");
  EXPECT_FALSE(front_.answers[0].view.age);

  harness_.Advance(3s);
  Ask("x", R"("bob")");
  ExpectAnswer(1, Answer::kPrediction, CacheState::kHit);
  EXPECT_EQ(front_.answers[1].body, R"({"id":"bob","model_name":"m","outputs":[]})");
  EXPECT_EQ(front_.answers[1].view.age, Duration(3s));
  EXPECT_EQ(front_.answers[1].view.granted_budget, Duration(100ms));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(Open(), 0u);
}

TEST_F(DeskCacheTest, AnAnswerThatIsTooOldIsMadeAnew) {
  response_cache_ = std::make_shared<serve::ResponseCache>(serve::CachePolicy{10'000, 3ms});
  Publish({});
  Ask("x");
  Complete(Take(scheduler_), ReplyTo({}));
  harness_.Advance(3ms);
  Ask("x");
  EXPECT_EQ(Waiting(), 0u);
  harness_.Advance(1ms);
  Ask("x");
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeskCacheTest, AnotherVersionOrAnotherBodyHasAnotherAnswer) {
  Ask("x");
  Complete(Take(scheduler_), ReplyTo({}));
  Ask("y");
  EXPECT_EQ(Waiting(), 1u);
  Publish({});  // a new version under the old number
  Ask("x");
  EXPECT_EQ(Waiting(), 2u);
}

TEST_F(DeskCacheTest, OnlySoManyBytesWaitForAnEqualRequest) {
  const std::string large(kMostParkedBytes / 2 + 1, 'x');
  Ask(large);
  Ask(large);
  EXPECT_EQ(Waiting(), 1u);
  Ask(large);
  ASSERT_EQ(Waiting(), 2u);  // by itself
  Complete(Take(scheduler_), ReplyTo({}));
  Complete(Take(scheduler_), ReplyTo({}));
  EXPECT_EQ(front_.answers.size(), 3u);
  EXPECT_EQ(Open(), 0u);

  Ask(large + "y");  // there is room again
  Ask(large + "y");
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeskCacheTest, EqualRequestsRunOnceAndAllAreAnswered) {
  Ask("x", R"("ann")");
  Ask("x", R"("bob")");
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_TRUE(front_.answers.empty());
  Complete(Take(scheduler_), ReplyTo(R"("ann")"));
  ExpectAnswer(0, Answer::kPrediction, CacheState::kMiss);
  ExpectAnswer(1, Answer::kPrediction, CacheState::kJoined);
  EXPECT_EQ(front_.answers[1].body, R"({"id":"bob","model_name":"m","outputs":[]})");
  EXPECT_EQ(Open(), 0u);
  EXPECT_EQ(pending_.size(), 0u);
  harness_.Advance(1s);
  EXPECT_EQ(front_.answers.size(), 2u) << "their timers have gone with them";
}

TEST_F(DeskCacheTest, WhoHasJoinedIsAnsweredBeforeItsOwnDeadline) {
  Ask("x", {}, 10s);
  std::unique_ptr<serve::Ticket> ticket = Take(scheduler_);
  Ask("x", {}, 50ms);
  const SteadyTime asked = harness_.clock().Now();
  AdvanceUntilAnswered(1);
  EXPECT_LT(harness_.clock().Now() - asked, Duration(50ms));
  EXPECT_EQ(front_.answers[0].view.answer, Answer::kTimeout);
  EXPECT_EQ(front_.answers[0].view.cause, Cause::kExpiredInQueue);
  EXPECT_EQ(front_.answers[0].view.granted_budget, Duration(50ms));
  EXPECT_EQ(Open(), 1u);
  Complete(std::move(ticket), ReplyTo({}));
  ExpectAnswer(1, Answer::kPrediction, CacheState::kMiss);
  EXPECT_EQ(Open(), 0u);
}

TEST_F(DeskCacheTest, WhenTheLeaderFailsTheNextOneRuns) {
  Ask("x");
  Ask("x");
  Complete(Take(scheduler_), Failure());
  ExpectAnswer(0, Answer::kError, CacheState::kNone);
  EXPECT_EQ(Waiting(), 1u);
  Complete(Take(scheduler_), ReplyTo({}));
  ExpectAnswer(1, Answer::kPrediction, CacheState::kMiss);
  EXPECT_EQ(Open(), 0u);
}

TEST_F(DeskCacheTest, WhenTheLeadersClientLeavesTheNextOneRuns) {
  const Index leader = Ask("x");
  Ask("x");
  Abandon(leader);
  EXPECT_EQ(Waiting(), 0u);
  harness_.Turns(2);
  EXPECT_EQ(Waiting(), 1u);
  Complete(Take(scheduler_), ReplyTo({}));
  ExpectAnswer(0, Answer::kPrediction, CacheState::kMiss);
  EXPECT_EQ(Flights(), 0u);
}

TEST_F(DeskCacheTest, WhenTheLeaderRunsOutOfItsBudgetTheNextOneRuns) {
  Ask("x", {}, 50ms);
  Ask("x", {}, 10s);
  AdvanceUntilAnswered(1);
  EXPECT_EQ(front_.answers[0].view.answer, Answer::kTimeout);
  harness_.Turns(2);
  Complete(Take(scheduler_), ReplyTo({}));
  ExpectAnswer(1, Answer::kPrediction, CacheState::kMiss);
}

TEST_F(DeskCacheTest, WhenTheLeaderIsRefusedSoAreTheOthers) {
  Ask("x");
  Ask("x");
  std::unique_ptr<serve::Ticket> ticket = Take(scheduler_);
  scheduler_.BeginDrain();
  Complete(std::move(ticket), Failure());
  harness_.Turns(2);
  EXPECT_EQ(front_.answers.back().view.cause, Cause::kDraining);
  EXPECT_EQ(Open(), 0u);
  EXPECT_EQ(Flights(), 0u);
}

TEST_F(DeskCacheTest, AClientThatLeavesWhileItWaitsTakesNobodyWithIt) {
  Ask("x");
  const Index joined = Ask("x");
  Ask("x");
  Abandon(joined);
  Complete(Take(scheduler_), ReplyTo({}));
  EXPECT_EQ(front_.answers.size(), 2u);
  EXPECT_EQ(Open(), 0u);
}

TEST_F(DeskCacheTest, WhatIsNoPredictionIsNotKept) {
  Ask("x");
  Complete(Take(scheduler_), Failure());
  EXPECT_EQ(response_cache_->figures().stored, 0u);
  EXPECT_EQ(Flights(), 0u);
  Ask("x");
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeskCacheTest, ARequestWhoseOwnPartIsNotKnownIsNotForTheCache) {
  Bring("x", {}, std::nullopt);
  Complete(Take(scheduler_), ReplyTo({}));
  ExpectAnswer(0, Answer::kPrediction, CacheState::kNone);
  Bring("x", {}, std::nullopt);
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_EQ(response_cache_->figures().misses, 0u);
}

TEST_F(DeskCacheTest, BeyondTheLimitOfPendingResponsesNobodyJoins) {
  for (std::size_t i = 0; i < pending_.limit(); ++i) Ask("x");
  EXPECT_EQ(Waiting(), 1u);
  Ask("x");
  ASSERT_EQ(front_.answers.size(), 1u);
  EXPECT_EQ(front_.answers[0].view.cause, Cause::kPendingFull);
  Complete(Take(scheduler_), ReplyTo({}));
  EXPECT_EQ(front_.answers.size(), 1 + pending_.limit());
  EXPECT_EQ(Open(), 0u);
}

TEST_F(DeskCacheTest, ACheaperModelRunsForWhoHasWaitedInVain) {
  Publish(Fallback(serve::FallbackPolicy::Kind::kModel));
  Ask("x", {}, 10s);
  std::unique_ptr<serve::Ticket> running = Take(scheduler_);
  Ask("x", {}, 50ms);
  for (int i = 0; i < 50 && reserve_.figures().waiting == 0; ++i) harness_.Advance(1ms);
  ASSERT_EQ(reserve_.figures().waiting, 1u);
  Complete(std::move(running), ReplyTo({}));
  ExpectAnswer(0, Answer::kPrediction, CacheState::kMiss);
  Complete(Take(reserve_), ReplyTo({}));
  ASSERT_EQ(front_.answers.size(), 2u);
  EXPECT_EQ(front_.answers[1].view.answer, Answer::kFallback);
  EXPECT_EQ(Open(), 0u);
  EXPECT_EQ(response_cache_->figures().stored, 1u);
}

TEST_F(DeskCacheTest, TheJsonPartOfRawTensorsGrowsWithTheId) {
  const std::string raw = "raw";
  serve::Reply reply = ReplyTo(R"("ann")");
  reply.json_bytes = reply.body.size();
  reply.body += raw;
  Ask("x", R"("ann")");
  Complete(Take(scheduler_), std::move(reply));
  Ask("x", R"("barbara")");
  const std::string json = R"({"id":"barbara","model_name":"m","outputs":[]})";
  ASSERT_EQ(front_.answers.size(), 2u);
  EXPECT_EQ(front_.answers[1].body, json + raw);
  EXPECT_EQ(front_.answers[1].view.json_bytes, json.size());
}

TEST_F(DeskCacheTest, HitsMissesAndThoseWhoJoinAreCounted) {
  Ask("x");
  Ask("x");
  Complete(Take(scheduler_), ReplyTo({}));
  Ask("x");
  const std::string text = registry_.Expose();
  EXPECT_THAT(text, HasSubstr(R"(baton_cache_hits_total{endpoint="m"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_cache_misses_total{endpoint="m"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_cache_joined_total{endpoint="m"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(baton_requests_total{endpoint="m",answer="prediction"} 3)"));
  OnLoop();
  const serve::VersionTotals totals = (*desk_.catalogue().Pick("m", {}))->books.Totals();
  EXPECT_EQ(totals.cache_hit.count, 1u);
  EXPECT_EQ(totals.cache_miss.count, 1u);
}

}  // namespace
}  // namespace baton::app
