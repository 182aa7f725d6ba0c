// A desk with a loop turned by hand, a front that keeps answers, and workers that a test plays.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/version_handlers.h"
#include "server/app/request_desk.h"
#include "server/serve/endpoints.h"
#include "tests/app/sum_model.h"
#include "tests/support/loop_harness.h"

namespace baton::app {

// Keeps the answers. They leave at once, but where a test holds them back.
class FakeFront final : public Front {
 public:
  using Index = RequestDesk::Index;
  struct Answered {
    Index index;
    api::AnswerView view;
    std::string body;
    std::string message;  // of the error
  };

  explicit FakeFront(const Clock& clock) : clock_(clock) {}

  void Send(Index index, const api::AnswerView& view, std::string& body) override {
    loop->AssertOnLoop();
    answers.push_back({index, view, body, view.error != nullptr ? view.error->message : ""});
    answers.back().view.error = nullptr;  // it goes with the call
    if (!holds_back) desk->Sent(index, clock_.Now(), clock_.Now());
  }
  void CloseIfClientHasLeft(Index index) override {
    loop->AssertOnLoop();
    asked.push_back(index);
    if (has_left == index) desk->Abandon(index);
  }
  std::optional<std::string> DeclaredFallback(const RequestRecord&,
                                              const std::string& constant) const override {
    if (!has_form) return std::nullopt;
    return "declared: " + constant;
  }

  RequestDesk* desk = nullptr;
  net::EventLoop* loop = nullptr;
  std::vector<Answered> answers;
  std::vector<Index> asked;
  std::optional<Index> has_left;
  bool holds_back = false;
  bool has_form = true;

 private:
  const Clock& clock_;
};

// Two models, "m" and "cheap", each with a worker for the two schedulers.
class DeskHarness : public testing::Test {
 protected:
  using Answer = serve::Answer;
  using Cause = serve::Cause;
  using Index = RequestDesk::Index;

  DeskHarness() {
    front_.desk = &desk_;
    front_.loop = &harness_.loop();
    worker_ = AddWorker(scheduler_);
    AddWorker(reserve_);
    for (const auto* model : {model_, cheap_}) {
      scheduler_.Warm(model->index, std::vector<Duration>(8, 1ms), {}, true);
      reserve_.Warm(model->index, std::vector<Duration>(8, 1ms), {}, true);
    }
    Publish({});
  }

  static std::size_t AddWorker(serve::Scheduler& scheduler) {
    scheduler.SetWorkers(1);
    return scheduler.AddWorker();
  }
  void Publish(const serve::FallbackPolicy& fallback) {
    serve::EndpointPolicy policy;
    policy.fallback = fallback;
    std::map<std::string, api::CatalogueModel, std::less<>> models;
    for (const auto* endpoint : {model_, cheap_}) {
      api::CatalogueModel one;
      one.name = endpoint->name;
      one.endpoint = endpoint;
      one.versions.push_back(api::MakeServedVersion(std::make_shared<SumModel>(), {}, {}));
      one.chosen = "1";
      one.cache = response_cache_;
      models.emplace(one.name, std::move(one));
    }
    OnLoop();
    std::vector<serve::EndpointPolicy> policies(endpoints_.size());
    policies[model_->index] = policy;
    desk_.Use({std::make_shared<const api::Catalogue>(std::move(models)),
               std::make_shared<const std::vector<serve::EndpointPolicy>>(std::move(policies))});
  }
  static serve::FallbackPolicy Fallback(serve::FallbackPolicy::Kind kind) {
    serve::FallbackPolicy fallback;
    fallback.kind = kind;
    fallback.constant = R"({"a":1})";
    fallback.model = "cheap";
    return fallback;
  }

  // The loop's own thread is this one.
  void OnLoop() const BATON_ASSERT_CAPABILITY(on_loop) { harness_.loop().AssertOnLoop(); }

  Index Receive() {
    OnLoop();
    return desk_.Receive(*model_, harness_.clock().Now());
  }
  bool Grant(Index index, std::optional<Duration> budget, Duration took = Duration::zero()) {
    OnLoop();
    return desk_.GrantBudget(index, budget, harness_.clock().Now() + took);
  }
  // As far as the end of the turn.
  Index Admit(Duration budget = 100ms, const std::string& key = {}) {
    const Index index = Receive();
    OnLoop();
    EXPECT_TRUE(desk_.GrantBudget(index, budget, harness_.clock().Now()));
    desk_.record(index).fallback_key = key;
    const Result<api::Plan> plan = desk_.catalogue().PlanFor("m", {}, api::BodyFormat::kInfer);
    EXPECT_TRUE(plan);
    std::string body = "{}";
    desk_.Admit(index, *plan, body);
    EXPECT_EQ(body, "");
    return index;
  }
  Index Submit(Duration budget = 100ms, const std::string& key = {}) {
    const Index index = Admit(budget, key);
    harness_.Turn();
    return index;
  }
  void Abandon(Index index) {
    OnLoop();
    desk_.Abandon(index);
  }
  std::size_t Open() {
    OnLoop();
    return desk_.open();
  }

  // A worker takes what waits first; requires that somebody does.
  std::unique_ptr<serve::Ticket> Take(serve::Scheduler& scheduler) {
    serve::WorkerSlot slot;
    EXPECT_TRUE(scheduler.Take(worker_, slot));
    EXPECT_EQ(slot.assignment.tickets.size(), 1u);
    return std::move(slot.assignment.tickets.at(0));
  }
  // And answers it.
  void Complete(std::unique_ptr<serve::Ticket> ticket, serve::Reply reply) {
    reply.started = harness_.clock().Now();
    reply.finished = reply.started;
    ticket->promise.Keep(std::move(reply));
    serve::CompletionSink* const sink = ticket->sink;
    std::vector<serve::Completion> completions;
    completions.push_back({std::move(ticket), 1ms});
    sink->Deliver(completions);
    harness_.Turns(2);
  }
  static serve::Reply Prediction(const std::string& body) {
    serve::Reply reply;
    reply.answer = Answer::kPrediction;
    reply.body = body;
    return reply;
  }

  // The only answer so far.
  FakeFront::Answered TheAnswer() {
    EXPECT_EQ(front_.answers.size(), 1u);
    return front_.answers.empty() ? FakeFront::Answered{} : front_.answers[0];
  }
  void ExpectMiss(Answer answer, Cause cause) {
    const FakeFront::Answered answered = TheAnswer();
    EXPECT_EQ(serve::ToText(answered.view.answer), serve::ToText(answer));
    EXPECT_EQ(serve::ToText(answered.view.cause), serve::ToText(cause));
    EXPECT_EQ(Open(), 0u);
    ExpectCounted(answer);
  }
  void ExpectCounted(Answer answer) {
    const std::string text = registry_.Expose();
    EXPECT_THAT(text, testing::HasSubstr(R"(baton_requests_received_total{endpoint="m"} 1)"));
    EXPECT_THAT(text, testing::HasSubstr(R"(baton_requests_total{endpoint="m",answer=")" +
                                         std::string(serve::ToText(answer)) + R"("} 1)"));
    EXPECT_EQ(pending_.size(), 0u);
  }

  testing_support::LoopHarness harness_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  const serve::Endpoint* const model_ = *endpoints_.Add("m", serve::Endpoint::Kind::kModel);
  const serve::Endpoint* const cheap_ = *endpoints_.Add("cheap", serve::Endpoint::Kind::kModel);
  serve::PendingResponses pending_{4};
  serve::Scheduler scheduler_{harness_.clock(), {}, endpoints_.size()};
  serve::Scheduler reserve_{harness_.clock(), {}, endpoints_.size()};
  serve::MissRing misses_;
  const DeskParts parts_{pending_, scheduler_, reserve_, misses_};
  FakeFront front_{harness_.clock()};
  RequestDesk desk_{harness_.loop(), front_, parts_, *registry_.TakeShard(), 0};
  std::size_t worker_ = 0;
  std::shared_ptr<serve::ResponseCache> response_cache_;  // to be published; null for none
};

}  // namespace baton::app
