// An inference from body to body, through a model that the test controls.
#include "server/api/infer.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using models::DataType;
using testing::HasSubstr;

std::shared_ptr<const models::Model> EchoOfAll() {
  const std::vector<models::TensorSpec> specs = {{"x", DataType::kFp32, {-1, 2}},
                                                 {"n", DataType::kInt64, {-1}},
                                                 {"b", DataType::kBool, {-1}},
                                                 {"s", DataType::kBytes, {-1}}};
  return EchoModel(specs, "2");
}

constexpr std::string_view kInputs =
    R"("inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[[0.1,2],[-0.0,1e-7]]},)"
    R"({"name":"n","shape":[1],"datatype":"INT64","data":[9007199254740993]},)"
    R"({"name":"b","shape":[2],"datatype":"BOOL","data":[true,false]},)"
    R"({"name":"s","shape":[1],"datatype":"BYTES","data":["a\"\u00e9\n"]}])";

std::string BodyWith(std::string_view more) {
  return "{" + std::string(more) + std::string(kInputs) + "}";
}

serve::Outcome Infer(const std::shared_ptr<const models::Model>& model, std::string_view body) {
  FakeContext context;
  return MakeInferHandler({model})->Handle({Padded(body)}, context);
}

TEST(InferTest, OutputsComeFlatWithEveryBitAndDigit) {
  EXPECT_EQ(Infer(EchoOfAll(), BodyWith("")).body,
            R"({"model_name":"echo","model_version":"2","outputs":[)"
            R"({"name":"x","datatype":"FP32","shape":[2,2],"data":[0.1,2,-0.0,1e-07]},)"
            R"({"name":"n","datatype":"INT64","shape":[1],"data":[9007199254740993]},)"
            R"({"name":"b","datatype":"BOOL","shape":[2],"data":[true,false]},)"
            R"({"name":"s","datatype":"BYTES","shape":[1],"data":["a\"é\n"]}]})");
}

TEST(InferTest, TheIdIsEchoedExactlyWhenOneWasGiven) {
  EXPECT_THAT(Infer(EchoOfAll(), BodyWith(R"("id":"a\"b",)")).body,
              HasSubstr(R"("model_version":"2","id":"a\"b","outputs")"));
  EXPECT_THAT(Infer(EchoOfAll(), BodyWith(R"("id":"",)")).body, HasSubstr(R"("id":"")"));
  EXPECT_THAT(Infer(EchoOfAll(), BodyWith("")).body, Not(HasSubstr(R"("id")")));
}

TEST(InferTest, WithoutItsOwnPartAnAnswerIsWhatARequestWithoutAnIdGets) {
  const std::string plain = Infer(EchoOfAll(), BodyWith("")).body;
  for (const std::string id : {"", "a", R"(a\"b\\\u0007 }{)"}) {
    serve::Outcome outcome = Infer(EchoOfAll(), BodyWith(R"("id":")" + id + R"(",)"));
    ASSERT_FALSE(outcome.error);
    EXPECT_GT(outcome.own_size, 0u);
    EXPECT_EQ(outcome.body.erase(outcome.own_begin, outcome.own_size), plain);
  }
  EXPECT_EQ(Infer(EchoOfAll(), BodyWith("")).own_size, 0u);
}

TEST(InferTest, TheOutputsAskedForReachTheModel) {
  std::vector<std::string> seen;
  const auto model = std::make_shared<FakeModel>(
      models::ModelInfo{"m", "1", "fake", {{"x", DataType::kInt8, {1}}}, {}},
      [&seen](std::span<const models::Tensor>, std::span<const std::string> wanted) {
        seen.assign(wanted.begin(), wanted.end());
        return Result<std::vector<models::Tensor>>(std::vector<models::Tensor>());
      });
  const serve::Outcome outcome = Infer(
      model,
      R"({"outputs":[{"name":"q"},{"name":"p"}],"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}]})");
  EXPECT_EQ(outcome.body, R"({"model_name":"m","model_version":"1","outputs":[]})");
  EXPECT_THAT(seen, testing::ElementsAre("q", "p"));
}

TEST(InferTest, TheModelsOwnRefusalsPassThrough) {
  const serve::Outcome outcome = Infer(
      EchoOfAll(), R"({"inputs":[{"name":"nope","shape":[1],"datatype":"INT8","data":[1]}]})");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(outcome.error->message, HasSubstr("'nope'"));
}

TEST(InferTest, ATimeoutInTheBodyShortensTheBudget) {
  FakeContext context;
  const auto handler = MakeInferHandler({EchoOfAll()});
  EXPECT_FALSE(
      handler->Handle({Padded(BodyWith(R"("parameters":{"timeout":2500},)"))}, context).error);
  EXPECT_EQ(context.shortened_to, 2500us);

  FakeContext untouched;
  EXPECT_FALSE(
      handler->Handle({Padded(BodyWith(R"("parameters":{"timeout":0},)"))}, untouched).error);
  EXPECT_EQ(untouched.shortened_to, std::nullopt);
}

TEST(InferTest, WhatIsTooLateNeverReachesTheModel) {
  const auto model = EchoModel({{"x", DataType::kInt8, {1}}});
  const auto handler = MakeInferHandler({model});
  const std::string body = Padded(
      R"({"parameters":{"timeout":1},"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}]})");
  FakeContext expired;
  expired.is_expired = true;
  FakeContext too_short;
  too_short.is_shorter_than_spent = true;
  for (FakeContext* context : {&expired, &too_short}) {
    const serve::Outcome outcome = handler->Handle({body}, *context);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
  }
  EXPECT_EQ(model->runs(), 0);
  FakeContext in_time;
  EXPECT_FALSE(handler->Handle({body}, in_time).error);
  EXPECT_EQ(model->runs(), 1);
}

TEST(InferTest, TheModelLearnsWhenNobodyWaitsAnyMore) {
  const auto model = EchoModel({{"x", DataType::kInt8, {1}}});
  FakeContext context;
  const std::string body =
      Padded(R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}]})");
  EXPECT_FALSE(MakeInferHandler({model})->Handle({body}, context).error);
  EXPECT_FALSE(model->last_stop().stop_requested());
  context.stop.request_stop();
  EXPECT_TRUE(model->last_stop().stop_requested());
}

TEST(InferTest, AnOutputWithoutAJsonFormIsAnErrorThatNamesIt) {
  const auto model = std::make_shared<FakeModel>(
      models::ModelInfo{"m", "1", "fake", {}, {}},
      [](std::span<const models::Tensor>, std::span<const std::string>) {
        models::Tensor tensor{"p", DataType::kFp32, {1}, std::vector<std::byte>(4), {}};
        tensor.As<float>()[0] = std::nanf("");
        return Result<std::vector<models::Tensor>>(std::vector{tensor});
      });
  const serve::Outcome outcome = Infer(model, R"({"inputs":[]})");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kInternal);
  EXPECT_EQ(outcome.error->message,
            "output 'p': element 0 is NaN or infinite, which has no JSON form: ask for it raw, "
            "with `parameters.binary_data`");
  EXPECT_TRUE(outcome.body.empty());
}

}  // namespace
}  // namespace baton::api
