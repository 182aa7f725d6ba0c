// Calls that handlers make for themselves before the first request.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/infer.h"
#include "server/api/predict.h"
#include "server/api/reverse.h"
#include "server/api/test_endpoints.h"
#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using models::DataType;

constexpr std::array kWithJsonForm = {DataType::kBool,   DataType::kUint8,  DataType::kUint16,
                                      DataType::kUint32, DataType::kUint64, DataType::kInt8,
                                      DataType::kInt16,  DataType::kInt32,  DataType::kInt64,
                                      DataType::kFp32,   DataType::kFp64,   DataType::kBytes};

// An input of every datatype that has a JSON form, each of one row.
std::shared_ptr<FakeModel> OneOfEach() {
  std::vector<models::TensorSpec> specs;
  for (const DataType type : kWithJsonForm) {
    specs.push_back({std::string(models::ToText(type)), type, {-1, 2, -1}});
  }
  return EchoModel(specs);
}

TEST(WarmUpTest, ACallOfEitherFormatReachesTheModelAsZeros) {
  const std::shared_ptr<FakeModel> model = OneOfEach();
  for (const bool is_infer : {true, false}) {
    const auto handler = is_infer ? MakeInferHandler({model}) : MakePredictHandler({model});
    const auto call = handler->WarmUpCall();
    ASSERT_TRUE(call);
    EXPECT_GE(call->body.capacity(), call->body.size() + serve::kBodyPadding);
    FakeContext context;
    const serve::Outcome outcome = handler->Handle(*call, context);
    EXPECT_FALSE(outcome.error) << outcome.error->message;
    ASSERT_EQ(model->last_inputs().size(), kWithJsonForm.size());
    for (const models::Tensor& input : model->last_inputs()) {
      EXPECT_EQ(input.shape, (models::Shape{1, 2, 1})) << input.name;
      EXPECT_THAT(input.raw, testing::Each(std::byte{0})) << input.name;
      EXPECT_THAT(input.strings, testing::Each("")) << input.name;
    }
  }
}

TEST(WarmUpTest, FixedDimensionsStayAsTheModelWantsThem) {
  const auto model = EchoModel({{"x", DataType::kInt8, {3, 2}}, {"n", DataType::kInt8, {3}}});
  EXPECT_EQ(MakeInferHandler({model})->WarmUpCall()->body,
            R"({"inputs":[{"name":"x","datatype":"INT8","shape":[3,2],"data":[0,0,0,0,0,0]},)"
            R"({"name":"n","datatype":"INT8","shape":[3],"data":[0,0,0]}]})");
  EXPECT_EQ(MakePredictHandler({model})->WarmUpCall()->body,
            R"({"instances":[{"x":[0,0],"n":0},{"x":[0,0],"n":0},{"x":[0,0],"n":0}]})");
}

TEST(WarmUpTest, ThereIsNoneWhereTheFormatCannotSayIt) {
  const auto raw_only = EchoModel({{"x", DataType::kFp16, {-1}}});
  EXPECT_FALSE(MakePredictHandler({raw_only})->WarmUpCall());
  const auto no_rows = EchoModel({{"x", DataType::kInt8, {}}});
  EXPECT_TRUE(MakeInferHandler({no_rows})->WarmUpCall());
  EXPECT_FALSE(MakePredictHandler({no_rows})->WarmUpCall());
  const auto uneven = EchoModel({{"x", DataType::kInt8, {2}}, {"y", DataType::kInt8, {3}}});
  EXPECT_FALSE(MakePredictHandler({uneven})->WarmUpCall());
}

TEST(WarmUpTest, WhatHasNoJsonFormIsRawBothWays) {
  const auto handler =
      MakeInferHandler({EchoModel({{"x", DataType::kFp16, {-1, 3}}, {"n", DataType::kInt8, {2}}})});
  const auto call = handler->WarmUpCall();
  ASSERT_TRUE(call && call->json_bytes);
  EXPECT_EQ(call->body.size(), *call->json_bytes + 6);
  FakeContext context;
  const serve::Outcome outcome = handler->Handle(*call, context);
  EXPECT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.body.size(), *outcome.json_bytes + 8);
}

TEST(WarmUpTest, ReverseHasASmallDocumentAndTheTestEndpointsHaveNone) {
  const auto call = MakeReverseHandler()->WarmUpCall();
  ASSERT_TRUE(call);
  FakeContext context;
  EXPECT_FALSE(MakeReverseHandler()->Handle(*call, context).error);
  EXPECT_FALSE(MakeSleepHandler()->WarmUpCall());
  EXPECT_FALSE(MakeSpinHandler()->WarmUpCall());
}

}  // namespace
}  // namespace baton::api
