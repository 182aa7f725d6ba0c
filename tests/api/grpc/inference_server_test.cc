// Predictions over the gRPC listener, and how it comes up, waits and goes down.
#include "server/api/grpc/inference_server.h"

#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference/grpc_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/api/grpc/server_harness.h"

namespace baton::api {
namespace {

using testing::HasSubstr;

// Its client takes what HTTP/2 lets through, and asks for no more before Read.
struct UnreadCall {
  explicit UnreadCall(GRPCInferenceService::Stub& stub)
      : reader(stub.AsyncModelInfer(&context, {}, &queue)) {
    reader->ReadInitialMetadata(this);
  }
  ~UnreadCall() {
    context.TryCancel();
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  }
  UnreadCall(const UnreadCall&) = delete;
  UnreadCall& operator=(const UnreadCall&) = delete;

  grpc::Status Read() {
    grpc::Status status;
    inference::ModelInferResponse response;
    reader->Finish(&response, &status, &status);
    void* tag = nullptr;
    for (bool ok = false; tag != &status && queue.Next(&tag, &ok);) {
    }
    return status;
  }

  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<inference::ModelInferResponse>> reader;
};

using InferenceServerTest = ServerHarness;

TEST_F(InferenceServerTest, ACallComesAsBytesWithItsDeadlineAndMetadata) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 60s);
  context.AddMetadata("baton-criticality", "critical");
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  const std::unique_ptr<InferCall> call = TakeCall();
  std::string body;
  ASSERT_TRUE(call->TakeBody(body));
  EXPECT_EQ(body, Request().SerializeAsString());
  ASSERT_TRUE(call->budget());
  EXPECT_GT(*call->budget(), 1s);
  EXPECT_LE(*call->budget(), 61s);  // rounded up on the wire
  EXPECT_EQ(call->Metadata("baton-criticality"), "critical");
  EXPECT_FALSE(call->Metadata("baton-budget-ms"));

  inference::ModelInferResponse sent;
  sent.set_model_version("3");
  AnswerView view;
  view.answer = serve::Answer::kPrediction;
  view.granted_budget = 50ms;
  std::string text = sent.SerializeAsString();
  call->Finish(view, text);
  EXPECT_TRUE(Await(std::move(answered)).ok());
  EXPECT_EQ(response.model_version(), "3");
  EXPECT_EQ(Trailing(context, "baton-answer"), "prediction");
  EXPECT_EQ(Trailing(context, "baton-budget-ms"), "50");
  EXPECT_EQ(Trailing(context, "baton-cause"), "");
}

TEST_F(InferenceServerTest, ACallWithoutADeadlineHasNoBudget) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  EXPECT_FALSE(TakeCall()->budget());
  EXPECT_EQ(Await(std::move(answered)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(InferenceServerTest, ALargeAnswerArrivesWhole) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  inference::ModelInferResponse sent;
  sent.add_raw_output_contents(std::string(1 << 20, 'x'));
  AnswerView view;
  view.answer = serve::Answer::kPrediction;
  std::string text = sent.SerializeAsString();
  TakeCall()->Finish(view, text);
  EXPECT_TRUE(Await(std::move(answered)).ok());
  EXPECT_EQ(response.raw_output_contents(0), sent.raw_output_contents(0));
}

TEST_F(InferenceServerTest, AMissIsAStatusThatSaysWhyAndWhenToComeAgain) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  AnswerView view;
  view.answer = serve::Answer::kRefused;
  view.cause = serve::Cause::kNoTime;
  view.retry_after = 1500ms;
  view.stages = StageTimes();
  std::string none;
  TakeCall()->Finish(view, none);
  const grpc::Status status = Await(std::move(answered));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("deadline"));
  EXPECT_EQ(Trailing(context, "baton-answer"), "refused");
  EXPECT_EQ(Trailing(context, "baton-cause"), "no_time");
  EXPECT_EQ(Trailing(context, "retry-after"), "2");
  EXPECT_THAT(Trailing(context, "server-timing"), HasSubstr("queue;dur="));
}

TEST_F(InferenceServerTest, AClientThatLeavesIsNoticed) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  const std::unique_ptr<InferCall> call = TakeCall();
  context.TryCancel();
  TurnUntil([this] { return !sink_.cancelled.empty(); });
  EXPECT_EQ(sink_.cancelled.front(), call->id());
  EXPECT_EQ(Await(std::move(answered)).error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(InferenceServerTest, AMessageOverTheLimitNeverReachesTheSink) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto request = Request();
  request.add_raw_input_contents(std::string(65 * 1024, 'x'));
  EXPECT_EQ(Await(Infer(context, request, response)).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(sink_.calls.empty());
}

TEST_F(InferenceServerTest, ACompressedMessageIsRefusedUnexpanded) {
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    inference::ModelInferResponse response;
    auto request = Request();
    request.add_raw_input_contents(std::string(32 * 1024, 'x'));
    EXPECT_EQ(Await(Infer(context, request, response)).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_TRUE(sink_.calls.empty());
  }
}

TEST_F(InferenceServerTest, AnAnswerThatIsNotReadLeavesNoRoomUntilItsClientLeaves) {
  UnreadCall unread(*stub_);
  EXPECT_TRUE(AnswerOne(std::string(8 << 20, 'x')));
  EXPECT_FALSE(HasRoomForAnother());
  unread.context.TryCancel();
  while (!HasRoomForAnother()) {  // soon there is
  }
}

TEST_F(InferenceServerTest, ACallWhoseAnswerIsNotReadInTimeIsCancelled) {
  StartWith(20ms);
  UnreadCall unread(*stub_);
  EXPECT_TRUE(AnswerOne(std::string(8 << 20, 'x')));
  while (!HasRoomForAnother()) {  // for the write time
  }
  EXPECT_FALSE(Await([&unread] { return unread.Read(); }).ok());
}

TEST_F(InferenceServerTest, AnAnswerThatIsReadMakesRoomAgain) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  EXPECT_TRUE(AnswerOne(std::string(2 << 20, 'x')));
  EXPECT_TRUE(Await(std::move(answered)).ok());
  while (!HasRoomForAnother()) {  // once gRPC has told the server
  }
}

TEST_F(InferenceServerTest, ManyCallsAtOnceAreEachAnsweredOnce) {
  constexpr int kCalls = 200;
  std::deque<grpc::ClientContext> contexts(kCalls);
  std::deque<inference::ModelInferResponse> responses(kCalls);
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<grpc::ClientAsyncResponseReader<inference::ModelInferResponse>>>
      readers;
  std::deque<grpc::Status> statuses(kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) {
    auto request = Request();
    request.set_id(std::to_string(i));
    readers.push_back(stub_->AsyncModelInfer(&contexts[i], request, &queue));
    readers.back()->Finish(&responses[i], &statuses[i], &statuses[i]);
  }
  for (int i = 0; i < kCalls; ++i) {
    const auto call = TakeCall();
    std::string body;
    ASSERT_TRUE(call->TakeBody(body));
    AnswerView view;
    view.answer = serve::Answer::kPrediction;
    inference::ModelInferRequest request;
    request.ParseFromString(body);
    inference::ModelInferResponse response;
    response.set_id(request.id());
    std::string text = response.SerializeAsString();
    call->Finish(view, text);
  }
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(Await([&] { return queue.Next(&tag, &ok); }));
    EXPECT_TRUE(static_cast<grpc::Status*>(tag)->ok());
  }
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_EQ(responses[i].id(), std::to_string(i));
}

TEST_F(InferenceServerTest, ACallThatIsDroppedIsToldThatTheServerGoes) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  auto answered = Infer(context, Request(), response);
  TakeCall().reset();
  sink_.is_closed = true;
  server_->Stop(10s);  // no longer than it takes
  EXPECT_EQ(answered.get().error_message(), "the server is shutting down");
  grpc::ClientContext late;
  EXPECT_EQ(stub_->ModelInfer(&late, Request(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(InferenceServerTest, OneThatHasAnsweredNobodyStopsBesideAClient) {
  const auto latest = std::chrono::system_clock::now() + std::chrono::minutes(1);
  EXPECT_TRUE(Await([&] { return channel_->WaitForConnected(latest); }));
  sink_.is_closed = true;
  server_.reset();
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  EXPECT_EQ(stub_->ModelInfer(&context, Request(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(InferenceServerTest, WhenNobodyRunsItAnyMoreItAnswersForItself) {
  sink_.is_closed = true;
  queue_->RunByItself();
  grpc::ClientContext infer;
  inference::ModelInferResponse response;
  EXPECT_EQ(stub_->ModelInfer(&infer, Request(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  grpc::ClientContext live;
  inference::ServerLiveResponse told;
  EXPECT_TRUE(stub_->ServerLive(&live, {}, &told).ok());
}

TEST_F(InferenceServerTest, AWakeFromAnotherThreadEndsAWait) {
  auto woken = std::async(std::launch::async, [this] { queue_->Wake(); });
  queue_->Wait(std::nullopt);
  EXPECT_TRUE(queue_->IsReady());
  woken.get();
  queue_->HandleSome();
  EXPECT_FALSE(queue_->IsReady());
}

TEST_F(InferenceServerTest, APortInUseIsAnErrorThatSaysSo) {
  InferenceServer::Options options;
  options.address = {.off = false, .host = "127.0.0.1", .port = server_->port()};
  const auto second = InferenceServer::Start(options, {*queue_, sink_, directory_, clock_});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use"));
}

}  // namespace
}  // namespace baton::api
