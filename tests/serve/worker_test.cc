// A worker's round with an assignment put into its hand: batches above all.
#include "server/serve/worker.h"

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::FunctionHandler;
using testing_support::RecordingSink;

// Does what a test says with a whole batch.
class BatchHandler final : public Handler {
 public:
  using Function = std::function<void(std::span<BatchMember>, std::stop_token)>;
  explicit BatchHandler(Function function) : function_(std::move(function)) {}

  Outcome Handle(const Call&, RunContext&) const override { return {"alone", std::nullopt}; }
  bool CanBatch() const override { return true; }
  void HandleBatch(std::span<BatchMember> members, const std::stop_token& stop) const override {
    function_(members, stop);
  }

 private:
  const Function function_;
};

class WorkerTest : public testing::Test {
 protected:
  void Assign(std::uint64_t id, const Handler& handler, Duration budget = 50ms) {
    auto ticket = testing_support::MakeTicket(id, endpoint_, clock_.Now() + budget, id);
    ticket->handler = &handler;
    ticket->deadline = Deadline(clock_.Now(), budget);
    ticket->sink = &sink_;
    EXPECT_TRUE(pending_.Add(ticket->id, {ticket->promise.future(), ticket->deadline, 0}));
    slot_.assignment.tickets.push_back(std::move(ticket));
  }
  void AssignBatch(std::uint64_t size, const Handler& handler, Duration budget = 50ms) {
    for (std::uint64_t id = 1; id <= size; ++id) Assign(id, handler, budget);
    slot_.assignment.batch_stop.emplace();
  }
  void Work() { worker_.Work(slot_); }
  Reply ReplyOf(std::uint64_t id) { return pending_.Claim(RequestId{id})->future.Take(); }
  double Value(const metrics::Counter& counter) { return registry_.Value(counter); }

  ManualClock clock_;
  metrics::Registry registry_;
  PoolMetrics metrics_{registry_.AddCounter("baton_busy_seconds_total", "Busy."),
                       registry_.AddCounter("baton_tasks_total", "Tasks.")};
  RecordingSink sink_;
  Endpoint endpoint_{"echo", Endpoint::Kind::kModel, 0, EndpointMetrics::Make(registry_, "echo")};
  PendingResponses pending_{100};
  Scheduler scheduler_{clock_, {}, 1};
  Worker worker_{{pending_, clock_, metrics_, scheduler_}, *registry_.TakeShard()};
  WorkerSlot slot_;
};

// Each answers with the length of its body.
void AnswerAll(std::span<BatchMember> members) {
  for (BatchMember& member : members)
    member.outcome.body = std::to_string(member.call->body.size());
}

TEST_F(WorkerTest, AReplyCarriesWhatTheHandlerCompressed) {
  const FunctionHandler handler([](const Call&, RunContext&) {
    Outcome outcome{"plain", std::nullopt};
    outcome.gzip = "zipped";
    outcome.may_be_gzip = true;
    return outcome;
  });
  Assign(1, handler);
  Work();
  const Reply reply = ReplyOf(1);
  EXPECT_EQ(reply.body, "plain");
  EXPECT_EQ(reply.gzip, "zipped");
  EXPECT_TRUE(reply.may_be_gzip);
}

TEST_F(WorkerTest, WhatFailedBeforeItRanSaysNothingOfRuns) {
  const FunctionHandler handler([&](const Call&, RunContext&) {
    clock_.Advance(30ms);
    Outcome outcome{{}, Error{ErrorCode::kDeadlineExceeded, "too late", {}}};
    outcome.has_run = false;
    return outcome;
  });
  Assign(1, handler);
  Work();
  ASSERT_THAT(slot_.samples, SizeIs(1));
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kRejected);
  EXPECT_EQ(ReplyOf(1).answer, Answer::kTimeout);
  EXPECT_DOUBLE_EQ(Value(metrics_.busy_seconds), 0.03);
}

TEST_F(WorkerTest, ABatchWithOneThatFailedBeforeItRanSaysNothingOfRuns) {
  const BatchHandler handler([&](std::span<BatchMember> members, const std::stop_token&) {
    AnswerAll(members);
    members[1].outcome.has_run = false;
  });
  AssignBatch(3, handler);
  Work();
  ASSERT_THAT(slot_.samples, SizeIs(1));
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kRejected);
  EXPECT_EQ(ReplyOf(1).answer, Answer::kPrediction);
}

TEST_F(WorkerTest, OnlyWhatRanIsCountedAsRun) {
  const BatchHandler two([&](std::span<BatchMember> members, const std::stop_token&) {
    members[1].outcome.has_run = false;
  });
  AssignBatch(3, two);
  Work();
  EXPECT_EQ(Value(endpoint_.metrics.inferences), 2);
  EXPECT_EQ(Value(endpoint_.metrics.batches), 1);

  slot_ = WorkerSlot();
  const FunctionHandler none([](const Call&, RunContext&) {
    Outcome outcome{{}, Error{ErrorCode::kInvalidArgument, "no gzip", {}}};
    outcome.has_run = false;
    return outcome;
  });
  Assign(4, none);
  Work();
  EXPECT_EQ(Value(endpoint_.metrics.inferences), 2);
  EXPECT_EQ(Value(endpoint_.metrics.batches), 1);
  EXPECT_EQ(Value(metrics_.tasks), 4);
}

TEST_F(WorkerTest, ARunIsToldTheTimeThatIsLeftUntilItIsDue) {
  std::vector<Duration> left;
  const FunctionHandler handler([&](const Call&, RunContext& context) {
    left.push_back(context.time_left());
    clock_.Advance(60ms);
    left.push_back(context.time_left());
    return Outcome{"{}", std::nullopt};
  });
  Assign(1, handler, 50ms);
  Work();
  EXPECT_THAT(left, ElementsAre(50ms, -10ms));
}

TEST_F(WorkerTest, ABatchRunsOnceAndEachMemberHasItsOwnReply) {
  int runs = 0;
  const BatchHandler handler([&](std::span<BatchMember> members, const std::stop_token&) {
    ++runs;
    AnswerAll(members);
    clock_.Advance(3ms);
  });
  const SteadyTime began = clock_.Now();
  AssignBatch(3, handler);
  Work();
  EXPECT_EQ(runs, 1);
  for (const std::uint64_t id : {1u, 2u, 3u}) {
    const Reply reply = ReplyOf(id);
    EXPECT_EQ(reply.answer, Answer::kPrediction);
    EXPECT_EQ(reply.body, std::to_string(id));
    EXPECT_EQ(reply.started, began);
    EXPECT_EQ(reply.finished, began + 3ms);
  }
}

TEST_F(WorkerTest, ABatchIsOneSampleOfItsSizeAndOneDelivery) {
  const BatchHandler handler(
      [&](std::span<BatchMember>, const std::stop_token&) { clock_.Advance(3ms); });
  AssignBatch(3, handler);
  Work();
  ASSERT_THAT(slot_.samples, SizeIs(1));
  EXPECT_EQ(slot_.samples[0].size, 3u);
  EXPECT_EQ(slot_.samples[0].took, 3ms);
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kWhole);
  EXPECT_EQ(sink_.deliveries(), 1u);
  ASSERT_THAT(sink_.completions(), SizeIs(3));
  for (const RecordingSink::Completed& completion : sink_.completions())
    EXPECT_EQ(completion.run_time, 1ms);
}

TEST_F(WorkerTest, ABatchIsCountedAsOneOfSoManyInferences) {
  const BatchHandler handler(
      [&](std::span<BatchMember>, const std::stop_token&) { clock_.Advance(500ms); });
  AssignBatch(3, handler, 1s);
  Work();
  EXPECT_EQ(Value(endpoint_.metrics.inferences), 3);
  EXPECT_EQ(Value(endpoint_.metrics.batches), 1);
  EXPECT_EQ(Value(metrics_.tasks), 3);
  EXPECT_DOUBLE_EQ(Value(metrics_.busy_seconds), 0.5);
}

TEST_F(WorkerTest, AMemberThatNobodyWantsLeavesBeforeTheRun) {
  std::size_t size = 0;
  const BatchHandler handler(
      [&](std::span<BatchMember> members, const std::stop_token&) { size = members.size(); });
  AssignBatch(2, handler);
  Assign(3, handler, 0ms);  // its time has come
  auto claimed = pending_.Claim(RequestId{1});
  Work();
  EXPECT_EQ(size, 1u);
  EXPECT_THAT(slot_.samples, SizeIs(1));
  EXPECT_EQ(slot_.samples[0].size, 1u);
  for (const Reply& reply : {claimed->future.Take(), ReplyOf(3)}) {
    EXPECT_EQ(reply.answer, Answer::kTimeout);
    EXPECT_EQ(reply.cause, Cause::kExpiredInQueue);
  }
  EXPECT_EQ(ReplyOf(2).answer, Answer::kPrediction);
  EXPECT_THAT(sink_.completions(), SizeIs(3));
}

TEST_F(WorkerTest, ABatchThatNobodyWantsIsNotRun) {
  bool has_run = false;
  const BatchHandler handler(
      [&](std::span<BatchMember>, const std::stop_token&) { has_run = true; });
  AssignBatch(2, handler, 0ms);
  Work();
  EXPECT_FALSE(has_run);
  EXPECT_THAT(slot_.samples, IsEmpty());
  EXPECT_THAT(sink_.completions(), SizeIs(2));
  EXPECT_EQ(Value(endpoint_.metrics.batches), 0);
}

TEST_F(WorkerTest, WhatIsWrongWithOneMemberDoesNotTouchTheOthers) {
  const BatchHandler handler([&](std::span<BatchMember> members, const std::stop_token&) {
    AnswerAll(members);
    members[0].outcome = {{}, Error{ErrorCode::kInvalidArgument, "no such input", {}}};
  });
  AssignBatch(2, handler);
  Work();
  EXPECT_EQ(ReplyOf(1).answer, Answer::kInvalid);
  EXPECT_EQ(ReplyOf(2).answer, Answer::kPrediction);
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kWhole);
}

TEST_F(WorkerTest, WhatABatchThrowsIsTheErrorOfEachMemberAndNoServiceTime) {
  const BatchHandler handler([&](std::span<BatchMember> members, const std::stop_token&) {
    AnswerAll(members);
    throw std::runtime_error("the model tripped");
  });
  AssignBatch(2, handler);
  Work();
  for (const std::uint64_t id : {1u, 2u}) {
    const Reply reply = ReplyOf(id);
    EXPECT_EQ(reply.answer, Answer::kError);
    EXPECT_EQ(reply.cause, Cause::kBackendError);
    ASSERT_TRUE(reply.error);
    EXPECT_THAT(reply.error->message, HasSubstr("the model tripped"));
    EXPECT_EQ(reply.body, "");
  }
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kFailed);
}

TEST_F(WorkerTest, WhatIsThrownThatIsNoExceptionIsAnErrorToo) {
  const BatchHandler handler(
      [](std::span<BatchMember>, const std::stop_token&) { throw 42; });  // NOLINT
  AssignBatch(2, handler);
  Work();
  EXPECT_EQ(ReplyOf(2).answer, Answer::kError);
}

TEST_F(WorkerTest, ABatchThatWasStoppedIsLearnedFromAsSuch) {
  bool was_asked = false;
  const BatchHandler handler([&](std::span<BatchMember>, const std::stop_token& stop) {
    slot_.assignment.batch_stop->request_stop();
    was_asked = stop.stop_requested();
  });
  AssignBatch(2, handler);
  Work();
  EXPECT_TRUE(was_asked);
  EXPECT_EQ(slot_.samples[0].end, RunSample::End::kCancelled);
}

TEST_F(WorkerTest, AMembersContextIsItsOwn) {
  std::vector<bool> expired;
  const BatchHandler handler([&](std::span<BatchMember> members, const std::stop_token&) {
    pending_.Claim(RequestId{2});
    for (const BatchMember& member : members) expired.push_back(member.context->expired());
  });
  AssignBatch(3, handler);
  Work();
  EXPECT_THAT(expired, ElementsAre(false, true, false));
}

TEST_F(WorkerTest, WhatWasShedIsDeliveredBeforeTheRun) {
  std::size_t delivered = 0;
  const FunctionHandler handler([&](const Call&, RunContext&) {
    delivered = sink_.completions().size();
    return Outcome{"{}", std::nullopt};
  });
  Assign(1, handler);
  slot_.assignment.shed.push_back(std::move(slot_.assignment.tickets.back()));
  slot_.assignment.tickets.pop_back();
  Assign(2, handler);
  Work();
  EXPECT_EQ(delivered, 1u);
  EXPECT_THAT(sink_.completions(), SizeIs(2));
}

TEST_F(WorkerTest, ThoseTakenTogetherRunOneByOneAndAreDeliveredTogetherWhileTheyAreShort) {
  const FunctionHandler handler([&](const Call&, RunContext&) {
    clock_.Advance(10us);
    return Outcome{"{}", std::nullopt};
  });
  for (std::uint64_t id = 1; id <= 3; ++id) Assign(id, handler);
  Work();
  EXPECT_EQ(sink_.deliveries(), 1u);
  EXPECT_THAT(slot_.samples, SizeIs(3));
  EXPECT_EQ(slot_.samples[2].took, 10us);
}

TEST_F(WorkerTest, OneThatTakesLongDoesNotKeepTheAnswersBeforeItsOwnFromTheOthers) {
  const FunctionHandler handler([&](const Call& call, RunContext&) {
    clock_.Advance(call.body.size() == 2 ? 5ms : 10us);
    return Outcome{"{}", std::nullopt};
  });
  for (std::uint64_t id = 1; id <= 3; ++id) Assign(id, handler);
  Work();
  EXPECT_EQ(sink_.deliveries(), 2u);
}

TEST_F(WorkerTest, HowARunEndedIsInItsSample) {
  struct Case {
    ErrorCode code;
    RunSample::End end;
  };
  for (const auto& [code, end] : {Case{ErrorCode::kDeadlineExceeded, RunSample::End::kCancelled},
                                  Case{ErrorCode::kInternal, RunSample::End::kFailed},
                                  Case{ErrorCode::kInvalidArgument, RunSample::End::kRejected}}) {
    const FunctionHandler handler([code = code](const Call&, RunContext&) {
      return Outcome{{}, Error{code, "why", {}}};
    });
    slot_ = WorkerSlot();
    Assign(1, handler);
    Work();
    ReplyOf(1);
    ASSERT_THAT(slot_.samples, SizeIs(1));
    EXPECT_EQ(slot_.samples[0].end, end);
  }
}

}  // namespace
}  // namespace baton::serve
