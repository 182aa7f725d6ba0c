// An inference from message to message, through a model that answers what it is given.
#include "server/api/grpc/grpc_infer.h"

#include <memory>
#include <string>
#include <utility>

#include "inference/grpc_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/grpc/infer_codec.h"

namespace baton::api {
namespace {

using models::DataType;
using testing::HasSubstr;

class EchoModel final : public models::Model {
 public:
  const models::ModelInfo& info() const override { return info_; }
  Result<std::vector<models::Tensor>> Predict(std::span<const models::Tensor> inputs,
                                              std::span<const std::string> wanted,
                                              const std::stop_token& /*stop*/) const override {
    if (Status status = models::CheckInputs(info_, inputs); !status) {
      return tl::unexpected(status.error());
    }
    if (auto found = models::FindOutputs(info_, wanted); !found) {
      return tl::unexpected(found.error());
    }
    return std::vector<models::Tensor>(inputs.begin(), inputs.end());
  }

 private:
  const models::ModelInfo info_{
      "echo", "2", "fake", {{"x", DataType::kFp32, {-1}}}, {{"x", DataType::kFp32, {-1}}}};
};

class Context final : public serve::RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override { return false; }
  bool ShortenBudget(Duration budget) override {
    shortened_to = budget;
    return true;
  }
  std::optional<Duration> shortened_to;
};

serve::Outcome Infer(const inference::ModelInferRequest& request, Context& context) {
  serve::Call call;
  call.body = request.SerializeAsString();
  return MakeGrpcInferHandler({std::make_shared<EchoModel>(), nullptr, {}})->Handle(call, context);
}

inference::ModelInferRequest Request() {
  inference::ModelInferRequest request;
  request.set_id("9");
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype("FP32");
  input.add_shape(1);
  request.add_raw_input_contents(std::string("\0\0\x80\x3f", 4));
  return request;
}

TEST(GrpcInferTest, TheResponseNamesModelVersionAndIdAndIsRaw) {
  Context context;
  const serve::Outcome outcome = Infer(Request(), context);
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(outcome.body));
  EXPECT_EQ(response.model_name(), "echo");
  EXPECT_EQ(response.model_version(), "2");
  EXPECT_EQ(response.id(), "9");
  EXPECT_EQ(response.raw_output_contents(0), Request().raw_input_contents(0));
  EXPECT_FALSE(response.outputs(0).has_contents());
}

TEST(GrpcInferTest, ATimeoutInTheMessageShortensTheBudget) {
  auto request = Request();
  (*request.mutable_parameters())["timeout"].set_int64_param(1000);
  Context context;
  Infer(request, context);
  EXPECT_EQ(context.shortened_to, std::chrono::milliseconds(1));
}

TEST(GrpcInferTest, WhatTheModelDoesNotHaveIsTheClientsFault) {
  auto request = Request();
  request.add_outputs()->set_name("nosuch");
  Context context;
  const serve::Outcome outcome = Infer(request, context);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(outcome.error->message, HasSubstr("nosuch"));
}

TEST(GrpcInferTest, ItWarmsUpWithARequestThatTheModelTakes) {
  const auto handler = MakeGrpcInferHandler({std::make_shared<EchoModel>(), nullptr, {}});
  const auto call = handler->WarmUpCall();
  ASSERT_TRUE(call);
  Context context;
  EXPECT_FALSE(handler->Handle(*call, context).error);
}

}  // namespace
}  // namespace baton::api
