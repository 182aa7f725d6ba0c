// Rows in, rows out.
#include "server/api/predict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using models::DataType;
using testing::HasSubstr;

serve::Outcome Predict(std::vector<models::TensorSpec> specs, std::string_view body) {
  FakeContext context;
  return MakePredictHandler({EchoModel(std::move(specs))})->Handle({Padded(body)}, context);
}

const std::vector<models::TensorSpec> kVector = {{"x", DataType::kFp32, {-1, 2}}};
const std::vector<models::TensorSpec> kScalar = {{"x", DataType::kInt64, {-1}}};
const std::vector<models::TensorSpec> kImage = {{"x", DataType::kInt8, {-1, 2, 2}}};
const std::vector<models::TensorSpec> kOpen = {{"x", DataType::kInt8, {-1, -1, 2}}};
const std::vector<models::TensorSpec> kTwo = {{"a", DataType::kFp64, {-1, 1}},
                                              {"b", DataType::kBytes, {-1}}};

TEST(PredictTest, EveryInstanceHasItsPredictionInOrder) {
  struct Row {
    std::vector<models::TensorSpec> specs;
    std::string instances;
    std::string predictions;
  };
  const std::vector<Row> table = {
      {kVector, "[[1,2.5]]", "[[1,2.5]]"},
      {kVector, "[[1,2],[3,4],[5,6]]", "[[1,2],[3,4],[5,6]]"},
      {kVector, R"([{"x":[1,2]},{"x":[3,4]}])", "[[1,2],[3,4]]"},
      {kScalar, "[7, 9007199254740993]", "[7,9007199254740993]"},
      {kScalar, R"([{"x":7}])", "[7]"},
      {kImage, "[[[1,2],[3,4]],[5,6,7,8]]", "[[[1,2],[3,4]],[[5,6],[7,8]]]"},
      {kOpen, "[[[1,2],[3,4],[5,6]]]", "[[[1,2],[3,4],[5,6]]]"},
      {kOpen, "[[],[]]", "[[],[]]"},
      {kTwo, R"([{"a":[1.5],"b":"p"},{"b":"q","a":[2]}])",
       R"([{"a":[1.5],"b":"p"},{"a":[2],"b":"q"}])"},
  };
  for (const Row& row : table) {
    const serve::Outcome outcome =
        Predict(row.specs, R"({"signature_name":"s","instances":)" + row.instances + "}");
    EXPECT_FALSE(outcome.error) << row.instances << ": " << outcome.error->message;
    EXPECT_EQ(outcome.body, R"({"predictions":)" + row.predictions + "}");
  }
}

TEST(PredictTest, RefusalsNameTheInstanceWhatWasExpectedAndWhatCame) {
  struct Row {
    std::vector<models::TensorSpec> specs;
    std::string body;
    std::string field;
    std::string message;
  };
  const std::vector<Row> table = {
      {kVector, "[]", "", "expected a JSON object"},
      {kVector, "{}", "instances", "instances: expected an array of at least one row, got nothing"},
      {kVector, R"({"instances":[]})", "instances", "got an array of 0"},
      {kVector, R"({"instances":{"x":1}})", "instances", "got an object"},
      {kVector, R"({"inputs":[[1,2]]})", "instances", "got nothing"},
      {kVector, R"({"instances":[[1,2],[3]]})", "instances[1]",
       "input 'x': expected 2 elements for shape [2], got 1"},
      {kVector, R"({"instances":[1,2]})", "instances[0]", "expected an array of 2 elements"},
      {kVector, R"({"instances":[[1,"2"]]})", "instances[0]", "element 1 of FP32"},
      {kVector, R"({"instances":[{"y":[1,2]}]})", "instances[0]",
       "expected only the inputs 'x', got 'y'"},
      {kVector, R"({"instances":[{"x":[1,2]},[3,4]]})", "instances[1]",
       "expected an object with the inputs 'x', got an array of 2"},
      {kVector, R"({"instances":[[1,2],{"x":[3,4]}]})", "instances[1]", "got an object"},
      {kVector, R"({"instances":[{"x":[1,2]},{"x":[3]}]})", "instances[1].x", "got 1"},
      {kScalar, R"({"instances":[1,1.5]})", "instances[1]", "element 0 of INT64"},
      {kScalar, R"({"instances":[[1]]})", "instances[0]", "got an array of 1"},
      {kImage, R"({"instances":[[[1,2],[3]]]})", "instances[0]",
       "where dimension 1 has 2 elements"},
      {kOpen, R"({"instances":[7]})", "instances[0]",
       "input 'x': expected arrays nested as shape [-1,2], got 7"},
      {kOpen, R"({"instances":[[[1,2]],[[3,4],[5,6]]]})", "instances[1]",
       "where dimension 0 has 1 elements, got an array of 2"},
      {kTwo, R"({"instances":[[1]]})", "instances[0]",
       "expected an object with the inputs 'a', 'b'"},
      {kTwo, R"({"instances":[{"a":[1]}]})", "instances[0]",
       "expected a value for the input 'b', got none"},
      {{{"x", DataType::kFp32, {}}}, R"({"instances":[1]})", "", "has no dimension for rows"},
      {{{"x", DataType::kFp32, {1, 2}}},
       R"({"instances":[[1,2],[3,4]]})",
       "inputs[0].shape",
       "expected shape [1,2], got [2,2]"},
      {{{"x", DataType::kFp16, {-1}}}, R"({"instances":[1]})", "instances[0]", "travels raw only"},
  };
  for (const Row& row : table) {
    const serve::Outcome outcome = Predict(row.specs, row.body);
    ASSERT_TRUE(outcome.error) << row.body;
    EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument) << row.body;
    EXPECT_EQ(outcome.error->field, row.field) << row.body << outcome.error->message;
    EXPECT_THAT(outcome.error->message, HasSubstr(row.message)) << row.body;
  }
}

TEST(PredictTest, AnOutputWithoutARowForEachInstanceIsRefused) {
  const auto model = std::make_shared<FakeModel>(
      models::ModelInfo{"m", "1", "fake", {{"x", DataType::kInt8, {-1}}}, {}},
      [](std::span<const models::Tensor>, std::span<const std::string>) {
        return Result<std::vector<models::Tensor>>(std::vector{
            models::Tensor{"sum", DataType::kInt8, {1}, std::vector<std::byte>(1), {}}});
      });
  FakeContext context;
  const auto handler = MakePredictHandler({model});
  EXPECT_EQ(handler->Handle({Padded(R"({"instances":[1]})")}, context).body,
            R"({"predictions":[0]})");
  const serve::Outcome outcome = handler->Handle({Padded(R"({"instances":[1,2]})")}, context);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(
      outcome.error->message,
      HasSubstr("output 'sum': expected a row for each of 2 instances, the model gave shape [1]"));
}

TEST(PredictTest, AnExpiredRequestNeverReachesTheModel) {
  const auto model = EchoModel(kScalar);
  FakeContext context;
  context.is_expired = true;
  const serve::Outcome outcome =
      MakePredictHandler({model})->Handle({Padded(R"({"instances":[1]})")}, context);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(model->runs(), 0);
}

}  // namespace
}  // namespace baton::api
