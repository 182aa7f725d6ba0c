// Requests that run as one get what each would get alone.
#include <deque>
#include <functional>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/infer.h"
#include "server/api/predict.h"
#include "server/models/model_source.h"
#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;
using Outputs = Result<std::vector<Tensor>>;

// Calls of one batch, each with a context of its own.
class Batch {
 public:
  explicit Batch(const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) calls_.push_back({Padded(body)});
    contexts_.resize(calls_.size());
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      members_.push_back({&calls_[i], &contexts_[i], {}});
    }
  }

  void Run(const serve::Handler& handler) { handler.HandleBatch(members_, stop.get_token()); }

  FakeContext& context(std::size_t index) { return contexts_[index]; }
  const serve::Outcome& outcome(std::size_t index) const { return members_[index].outcome; }

  // One as it would be without the others.
  serve::Outcome Alone(const serve::Handler& handler, std::size_t index) const {
    FakeContext context;
    return handler.Handle(calls_[index], context);
  }

  void ExpectAsAlone(const serve::Handler& handler) const {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const serve::Outcome alone = Alone(handler, i);
      EXPECT_EQ(outcome(i).body, alone.body) << calls_[i].body;
      EXPECT_EQ(outcome(i).own_begin, alone.own_begin);
      EXPECT_EQ(outcome(i).own_size, alone.own_size);
      ASSERT_EQ(outcome(i).error.has_value(), alone.error.has_value()) << calls_[i].body;
      if (!alone.error) continue;
      EXPECT_EQ(outcome(i).error->code, alone.error->code);
      EXPECT_EQ(outcome(i).error->message, alone.error->message);
      EXPECT_EQ(outcome(i).error->field, alone.error->field);
    }
  }

  std::stop_source stop;

 private:
  std::vector<serve::Call> calls_;
  std::deque<FakeContext> contexts_;
  std::vector<serve::BatchMember> members_;
};

const std::vector<models::TensorSpec> kRow = {{"x", DataType::kInt32, {-1}}};
const std::vector<models::TensorSpec> kTwo = {{"x", DataType::kFp64, {-1, 2}},
                                              {"s", DataType::kBytes, {-1}}};

std::string Numbers(const std::vector<int>& numbers, std::string_view more = "") {
  std::string text = "{" + std::string(more) +
                     R"("inputs":[{"name":"x","datatype":"INT32","shape":[)" +
                     std::to_string(numbers.size()) + R"(],"data":[)";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    text += (i > 0 ? "," : "") + std::to_string(numbers[i]);
  }
  return text + "]}]}";
}

std::string TwoInputs(std::string_view id, std::size_t rows, std::string_view x,
                      std::string_view s) {
  const std::string n = std::to_string(rows);
  return R"({"id":")" + std::string(id) + R"(","inputs":[{"name":"x","datatype":"FP64","shape":[)" +
         n + R"(,2],"data":[)" + std::string(x) + R"(]},{"name":"s","datatype":"BYTES","shape":[)" +
         n + R"(],"data":[)" + std::string(s) + "]}]}";
}

struct Fixture {
  explicit Fixture(std::shared_ptr<FakeModel> fake) : model(std::move(fake)) {}

  const std::shared_ptr<FakeModel> model;
  const std::unique_ptr<serve::Handler> infer = MakeInferHandler({model});
  const std::unique_ptr<serve::Handler> predict = MakePredictHandler({model});
};

std::shared_ptr<FakeModel> ModelOf(const std::vector<models::TensorSpec>& specs,
                                   FakeModel::Answer answer) {
  return std::make_shared<FakeModel>(models::ModelInfo{"m", "1", "fake", specs, specs},
                                     std::move(answer));
}

// Echoes, but calls `fail` for tensors in which the number stands.
std::shared_ptr<FakeModel> ModelThatFailsOn(std::int32_t number, std::function<Outputs()> fail) {
  return ModelOf(kRow, [number, fail = std::move(fail)](std::span<const Tensor> inputs,
                                                        std::span<const std::string> wanted) {
    for (const std::int32_t element : inputs[0].As<std::int32_t>()) {
      if (element == number) return fail();
    }
    return Echo(inputs, wanted);
  });
}

TEST(ModelBatchTest, OnlyModelsWithABatchDimensionGainFromOne) {
  const Fixture rows(EchoModel(kRow));
  EXPECT_TRUE(rows.infer->CanBatch());
  EXPECT_TRUE(rows.predict->CanBatch());
  const Fixture fixed(EchoModel({{"x", DataType::kInt32, {1}}}));
  EXPECT_FALSE(fixed.infer->CanBatch());
}

TEST(ModelBatchTest, RequestsThatDifferInRowsOnlyAreOneRun) {
  const Fixture fixture(EchoModel(kTwo));
  Batch batch({TwoInputs("a", 1, "1,2", R"("one")"), TwoInputs("b", 0, "", ""),
               TwoInputs("c", 3, "0.1,-0.0,1e300,4,5,6", R"("","\u00e9","three")")});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 1);
  EXPECT_EQ(fixture.model->last_inputs()[0].shape, (models::Shape{4, 2}));
  EXPECT_THAT(batch.outcome(1).body, HasSubstr(R"("shape":[0,2],"data":[])"));
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, RowsOfPredictRequestsAreOneRun) {
  const Fixture fixture(EchoModel(kTwo));
  Batch batch({R"({"instances":[{"x":[1,2],"s":"p"}]})",
               R"({"instances":[{"x":[3,4],"s":"q"},{"s":"r","x":[5,6]}]})"});
  batch.Run(*fixture.predict);
  EXPECT_EQ(fixture.model->runs(), 1);
  EXPECT_EQ(batch.outcome(1).body, R"({"predictions":[{"x":[3,4],"s":"q"},{"x":[5,6],"s":"r"}]})");
  batch.ExpectAsAlone(*fixture.predict);
}

TEST(ModelBatchTest, WhatDoesNotFitTogetherRunsApart) {
  const Fixture fixture(EchoModel({{"x", DataType::kInt32, {-1, -1}}}));
  const auto body = [](std::string_view shape, std::string_view data, std::string_view more = "") {
    return R"({"inputs":[{"name":"x","datatype":"INT32","shape":)" + std::string(shape) +
           R"(,"data":)" + std::string(data) + "}]" + std::string(more) + "}";
  };
  Batch batch({body("[1,2]", "[1,2]"), body("[1,3]", "[1,2,3]"), body("[2,2]", "[3,4,5,6]"),
               body("[1,2]", "[7,8]", R"(,"outputs":[{"name":"x"}])"),
               body("[2,3]", "[4,5,6,7,8,9]")});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 3);
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, InputsOfDifferentRowsAreNotEvenedOutByOthers) {
  const Fixture fixture(EchoModel({{"x", DataType::kInt32, {-1}}, {"y", DataType::kInt32, {-1}}}));
  const std::string more_x =
      R"({"inputs":[{"name":"x","datatype":"INT32","shape":[2],"data":[1,2]},)"
      R"({"name":"y","datatype":"INT32","shape":[1],"data":[3]}]})";
  const std::string more_y = R"({"inputs":[{"name":"x","datatype":"INT32","shape":[1],"data":[4]},)"
                             R"({"name":"y","datatype":"INT32","shape":[2],"data":[5,6]}]})";
  Batch batch({more_x, more_y});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 2);
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, AMemberThatIsRefusedLeavesAndTheOthersRunAsOne) {
  const Fixture fixture(EchoModel(kRow));
  Batch batch({Numbers({1}), "{", R"({"inputs":[]})",
               R"({"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[1]}]})",
               Numbers({2, 3})});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 1);
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, WhoeverHasNoTimeLeavesBeforeTheRun) {
  const Fixture fixture(EchoModel(kRow));
  Batch batch({Numbers({1}), Numbers({2}, R"("parameters":{"timeout":1500},)"), Numbers({3}),
               Numbers({4}, R"("parameters":{"timeout":2500},)")});
  batch.context(0).is_expired = true;
  batch.context(1).is_shorter_than_spent = true;
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 1);
  EXPECT_EQ(fixture.model->last_inputs()[0].shape, models::Shape{2});
  EXPECT_EQ(batch.outcome(0).error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(batch.outcome(1).error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(batch.context(1).shortened_to, 1500us);
  EXPECT_EQ(batch.context(3).shortened_to, 2500us);
  for (const std::size_t i : {2U, 3U}) {
    EXPECT_EQ(batch.outcome(i).body, batch.Alone(*fixture.infer, i).body);
  }
}

TEST(ModelBatchTest, AMemberThatTheModelFailsOnDoesNotSpoilTheOthers) {
  const Fixture fixture(
      ModelThatFailsOn(13, [] { return Outputs(Fail(ErrorCode::kInternal, "no luck with 13")); }));
  Batch batch({Numbers({1}), Numbers({13}), Numbers({3, 4})});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 4);
  EXPECT_EQ(batch.outcome(1).error->message, "no luck with 13");
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, AnExceptionStaysWithTheMemberThatCausesIt) {
  const Fixture fixture(
      ModelThatFailsOn(13, []() -> Outputs { throw std::runtime_error("thirteen"); }));
  Batch batch({Numbers({1}), Numbers({13}), Numbers({3, 4})});
  batch.Run(*fixture.infer);
  EXPECT_EQ(batch.outcome(0).body, batch.Alone(*fixture.infer, 0).body);
  EXPECT_EQ(batch.outcome(2).body, batch.Alone(*fixture.infer, 2).body);
  ASSERT_TRUE(batch.outcome(1).error);
  EXPECT_EQ(batch.outcome(1).error->code, ErrorCode::kInternal);
  EXPECT_EQ(batch.outcome(1).error->message, "the model failed: thirteen");
}

TEST(ModelBatchTest, OutputsWithoutARowForEachRowAreAskedForAlone) {
  const Fixture fixture(
      ModelOf(kRow, [](std::span<const Tensor> inputs, std::span<const std::string>) {
        std::int32_t sum = 0;
        for (const std::int32_t element : inputs[0].As<std::int32_t>()) sum += element;
        Tensor output{"x", DataType::kInt32, {1}, std::vector<std::byte>(sizeof(sum)), {}};
        output.As<std::int32_t>()[0] = sum;
        return Outputs(std::vector{output});
      }));
  Batch batch({Numbers({1}), Numbers({2, 3})});
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 3);
  EXPECT_THAT(batch.outcome(1).body, HasSubstr(R"("shape":[1],"data":[5])"));
  batch.ExpectAsAlone(*fixture.infer);
}

TEST(ModelBatchTest, AnOutputThatCannotBeSaidIsTheErrorOfItsMember) {
  const Fixture fixture(EchoModel({{"x", DataType::kBytes, {-1}}}));
  const Fixture odd(
      ModelOf({{"x", DataType::kBytes, {-1}}},
              [](std::span<const Tensor> inputs, std::span<const std::string> wanted) {
                Outputs outputs = Echo(inputs, wanted);
                for (std::string& text : outputs->front().strings) {
                  if (text == "odd") text = "\xff";
                }
                return outputs;
              }));
  const auto body = [](std::string_view text) {
    return R"({"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":[")" +
           std::string(text) + R"("]}]})";
  };
  Batch batch({body("even"), body("odd"), body("more")});
  batch.Run(*odd.infer);
  EXPECT_EQ(odd.model->runs(), 1);
  ASSERT_TRUE(batch.outcome(1).error);
  EXPECT_THAT(batch.outcome(1).error->message, HasSubstr("not UTF-8"));
  batch.ExpectAsAlone(*odd.infer);
}

TEST(ModelBatchTest, TheRunOfAGroupStopsWhenTheBatchDoes) {
  Batch batch({Numbers({1}), Numbers({2})});
  const Fixture fixture(
      ModelOf(kRow, [&batch](std::span<const Tensor>, std::span<const std::string>) {
        batch.stop.request_stop();
        return Outputs(Fail(ErrorCode::kDeadlineExceeded, "stopped"));
      }));
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 1);
  EXPECT_TRUE(fixture.model->last_stop().stop_requested());
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(batch.outcome(i).error);
    EXPECT_EQ(batch.outcome(i).error->code, ErrorCode::kDeadlineExceeded);
  }
}

TEST(ModelBatchTest, AMemberThatRunsAloneStopsByItself) {
  const Fixture fixture(EchoModel(kRow));
  Batch batch({Numbers({1})});
  batch.Run(*fixture.infer);
  batch.stop.request_stop();
  EXPECT_FALSE(fixture.model->last_stop().stop_requested());
  batch.context(0).stop.request_stop();
  EXPECT_TRUE(fixture.model->last_stop().stop_requested());
}

TEST(ModelBatchTest, WhoeverExpiresMeanwhileDoesNotRunAlone) {
  Batch batch({Numbers({1}), Numbers({13}), Numbers({3})});
  const Fixture fixture(ModelThatFailsOn(13, [&batch] {
    batch.context(2).is_expired = true;
    return Outputs(Fail(ErrorCode::kInternal, "no luck"));
  }));
  batch.Run(*fixture.infer);
  EXPECT_EQ(fixture.model->runs(), 3);
  EXPECT_FALSE(batch.outcome(0).error);
  EXPECT_EQ(batch.outcome(1).error->code, ErrorCode::kInternal);
  EXPECT_EQ(batch.outcome(2).error->code, ErrorCode::kDeadlineExceeded);
}

// A body of `rows` rows for a bundled model, made of its sample's by scaling.
std::string Scaled(const std::string& name, const models::TensorSpec& input, std::size_t rows) {
  const auto columns = static_cast<std::size_t>(input.shape[1]);
  std::string text = R"({"id":")" + name + std::to_string(rows) + R"(","inputs":[{"name":")" +
                     input.name + R"(","datatype":"FP32","shape":[)" + std::to_string(rows) + "," +
                     std::to_string(columns) + R"(],"data":[)";
  for (std::size_t i = 0; i < rows * columns; ++i) {
    text += (i > 0 ? "," : "") + std::to_string((i * 7919 + rows * 31) % 1600) + ".25e-2";
  }
  return text + "]}]}";
}

TEST(ModelBatchTest, BundledModelsAnswerABatchBitByBitAsTheyAnswerEachAlone) {
  const models::ModelSource source({{}, {BATON_TEST_ONNXRUNTIME_LIBRARY, {}}});
  const models::RepositoryScan scan = source.Scan();
  for (const models::ScannedModel& scanned : scan.models) {
    const std::string& name = scanned.name;
    auto loaded = source.Load(scanned, scanned.versions.front());
    ASSERT_TRUE(loaded) << loaded.error().message;
    const std::shared_ptr<const models::Model> model = std::move(*loaded);
    const auto handler = MakeInferHandler({model});
    EXPECT_TRUE(handler->CanBatch()) << name;
    std::vector<std::string> bodies;
    for (const std::size_t rows : {1U, 1U, 3U, 1U, 8U, 2U}) {
      bodies.push_back(Scaled(name, model->info().inputs[0], rows));
    }
    Batch batch(bodies);
    batch.Run(*handler);
    EXPECT_FALSE(batch.outcome(0).error) << batch.outcome(0).error->message;
    batch.ExpectAsAlone(*handler);
  }
}

}  // namespace
}  // namespace baton::api
