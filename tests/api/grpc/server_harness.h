// The gRPC listener with real clients, run by the test's own thread, and a sink that it answers
// for.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference/grpc_service.grpc.pb.h"
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "server/api/grpc/inference_server.h"

namespace baton::api {

using inference::GRPCInferenceService;
using namespace std::chrono_literals;

// Keeps what comes, until the test takes it.
class WaitingSink final : public InferenceSink {
 public:
  void OnInfer(std::unique_ptr<InferCall> call) override {
    if (!is_closed) calls.push_back(std::move(call));
  }
  void OnCancelled(CallId call) override { cancelled.push_back(call); }

  bool is_closed = false;
  std::deque<std::unique_ptr<InferCall>> calls;
  std::deque<CallId> cancelled;
};

class OneModel final : public ModelDirectory {
 public:
  bool IsReady() const override { return true; }
  Result<ModelDescription> Describe(std::string_view model,
                                    std::string_view version) const override {
    if (model == "loading") return Fail(ErrorCode::kUnavailable, "it loads");
    if (model != "tumour")
      return Fail(ErrorCode::kNotFound, "unknown model '" + std::string(model) + "'");
    ModelDescription described;
    described.name = model;
    described.versions = {"1", "3"};
    described.version = version.empty() ? "3" : version;
    described.platform = "onnxruntime_onnx";
    described.inputs = {{"x", models::DataType::kFp32, {-1, 30}}};
    described.outputs = {{"p", models::DataType::kFp64, {-1, 2}}};
    described.properties = {{"task", "classification"}};
    described.has_batch_dimension = true;
    described.max_batch_size = 8;
    described.batch_delay = 2ms;
    described.settings = {{"criticality", "critical"}};
    return described;
  }
  std::vector<ModelIndexEntry> Index() const override {
    return {{"tumour", "3", "READY", {}}, {"loading", "1", "UNAVAILABLE", "no such file"}};
  }
  Result<std::vector<VersionStatistics>> Statistics(std::string_view model,
                                                    std::string_view /*version*/) const override {
    if (model != "tumour")
      return Fail(ErrorCode::kNotFound, "unknown model '" + std::string(model) + "'");
    VersionStatistics told;
    told.name = model;
    told.version = "3";
    told.inferences = 7;
    told.executions = 5;
    told.success = {6, 3ms};
    told.batches = {{2, {1, 1ms}}};
    return std::vector<VersionStatistics>{told};
  }
  bool AllowsChanges() const override { return allows_changes; }
  void Change(const RepositoryChange& change, RepositoryChanged done) const override {
    done(change.model == "tumour" ? Status() : Fail(ErrorCode::kNotFound, "unknown model"));
  }

  bool allows_changes = false;
};

class ServerHarness : public ::testing::Test {
 protected:
  void SetUp() override { StartWith(1h); }

  void StartWith(Duration write_time, std::size_t message_bytes = 64 * 1024) {
    InferenceServer::Options options;
    options.address = {.off = false, .host = "127.0.0.1", .port = 0};
    options.max_message_bytes = message_bytes;
    options.max_unsent_bytes = 1 << 20;
    options.write_time = write_time;
    server_.reset();
    queue_.emplace();
    auto started = InferenceServer::Start(options, {*queue_, sink_, directory_, clock_});
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // windows stay small
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = GRPCInferenceService::NewStub(channel_);
  }

  // The server runs on this thread, while something is awaited; its clients on others.
  void Turn() {
    queue_->Wait(1ms);
    queue_->HandleSome();
  }
  template <typename Condition>
  void TurnUntil(Condition is_met) {
    const auto latest = std::chrono::steady_clock::now() + 10s;
    while (!is_met()) {
      if (std::chrono::steady_clock::now() > latest) throw std::runtime_error("nothing came");
      Turn();
    }
  }
  template <typename T>
  T Await(std::future<T> future) {
    TurnUntil([&future] { return future.wait_for(0s) == std::future_status::ready; });
    return future.get();
  }
  template <typename Ask>
  auto Await(Ask ask) -> decltype(ask()) {
    return Await(std::async(std::launch::async, std::move(ask)));
  }
  std::unique_ptr<InferCall> TakeCall() {
    TurnUntil([this] { return !sink_.calls.empty(); });
    std::unique_ptr<InferCall> call = std::move(sink_.calls.front());
    sink_.calls.pop_front();
    return call;
  }

  std::future<grpc::Status> Infer(grpc::ClientContext& context,
                                  const inference::ModelInferRequest& request,
                                  inference::ModelInferResponse& response) {
    return std::async(std::launch::async, [this, &context, request, &response] {
      return stub_->ModelInfer(&context, request, &response);
    });
  }
  // Whether there was room for the answer to the call that comes next.
  bool AnswerOne(std::string raw) {
    const std::unique_ptr<InferCall> call = TakeCall();
    const bool has_room = call->has_room();
    inference::ModelInferResponse sent;
    sent.add_raw_output_contents(std::move(raw));
    AnswerView view;
    view.answer = serve::Answer::kPrediction;
    std::string text = sent.SerializeAsString();
    call->Finish(view, text);
    return has_room;
  }
  bool HasRoomForAnother() {
    grpc::ClientContext context;
    inference::ModelInferResponse response;
    auto answered = Infer(context, Request(), response);
    const bool has_room = AnswerOne({});
    Await(std::move(answered));
    return has_room;
  }
  static inference::ModelInferRequest Request() {
    inference::ModelInferRequest request;
    request.set_model_name("tumour");
    return request;
  }
  static std::string Trailing(const grpc::ClientContext& context, const std::string& name) {
    const auto& metadata = context.GetServerTrailingMetadata();
    const auto found = metadata.find(name);
    return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  }

  SystemClock clock_;
  WaitingSink sink_;
  OneModel directory_;
  std::optional<rpc::CallQueue> queue_;
  std::unique_ptr<InferenceServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<GRPCInferenceService::Stub> stub_;
};

}  // namespace baton::api
