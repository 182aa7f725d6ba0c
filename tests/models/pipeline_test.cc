// Chains of models: what is refused when one is made, and which tensor goes where when it runs.
#include "server/models/pipeline.h"

#include <functional>
#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/batch.h"
#include "server/models/builtin/builtin.h"
#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;

constexpr DataType kFp32 = DataType::kFp32;
constexpr DataType kInt64 = DataType::kInt64;

// Each of its outputs has one row of the sum over all inputs and the number of the output.
class FakeModel final : public Model {
 public:
  FakeModel(std::string name, std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs)
      : info_{std::move(name), "1", "fake", std::move(inputs), std::move(outputs)} {}

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& /*stop*/) const override {
    if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
    const auto outputs = FindOutputs(info_, wanted);
    if (!outputs) return tl::unexpected(outputs.error());
    asked.emplace_back(wanted.begin(), wanted.end());
    seen.clear();
    float sum = 0;
    for (const Tensor& input : inputs) {
      seen[input.name] = input.raw.data();
      for (const float element : input.As<float>()) sum += element;
    }
    if (on_run) on_run();
    if (failure) return tl::unexpected(*failure);
    std::vector<Tensor> made;
    for (const std::size_t output : *outputs) {
      const float offset = static_cast<float>(output);
      made.push_back(Floats(info_.outputs[output].name, {1}, {sum + offset}));
    }
    if (!made.empty() && forgets_one) made.pop_back();
    return made;
  }

  ModelInfo info_;
  std::function<void()> on_run;
  std::optional<Error> failure;
  bool forgets_one = false;
  mutable std::vector<std::vector<std::string>> asked;   // a list of outputs for each run
  mutable std::map<std::string, const std::byte*> seen;  // in the last run, where inputs lie
};

std::shared_ptr<FakeModel> Fake(std::string name, const std::vector<std::string>& inputs,
                                const std::vector<std::string>& outputs) {
  std::vector<TensorSpec> in;
  std::vector<TensorSpec> out;
  for (const std::string& each : inputs) in.push_back({each, kFp32, {-1}});
  for (const std::string& each : outputs) out.push_back({each, kFp32, {-1}});
  return std::make_shared<FakeModel>(std::move(name), in, out);
}

using Steps = std::vector<std::shared_ptr<const Model>>;

Error Refusal(const PipelineConfig& config, Steps steps) {
  const auto made = PipelineModel::Make("p", "1", config, std::move(steps));
  return made ? Error{ErrorCode::kInternal, "was made", ""} : made.error();
}

std::unique_ptr<PipelineModel> Make(const PipelineConfig& config, Steps steps) {
  auto made = PipelineModel::Make("p", "7", config, std::move(steps));
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

std::vector<std::string> NamesOf(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

PipelineConfig Chain(const std::vector<PipelineStep>& steps) { return {{}, steps, {}}; }

// x -> first -> y -> second -> z.
struct TwoSteps {
  std::shared_ptr<FakeModel> first = Fake("first", {"x"}, {"y", "extra"});
  std::shared_ptr<FakeModel> second = Fake("second", {"in"}, {"z"});
  PipelineConfig config = Chain({{"first", "", {}, {}}, {"second", "", {{"in", "y"}}, {}}});

  Steps steps() const { return {first, second}; }
};

TEST(PipelineTest, ItsInputsAreWhatNoStepBeforeMakesAndItsOutputsThoseOfTheLastStep) {
  const TwoSteps two;
  const auto pipeline = Make(two.config, two.steps());
  EXPECT_EQ(pipeline->info().name, "p");
  EXPECT_EQ(pipeline->info().version, "7");
  EXPECT_EQ(pipeline->info().platform, "baton_pipeline");
  EXPECT_THAT(NamesOf(pipeline->info().inputs), ElementsAre("x"));
  EXPECT_THAT(NamesOf(pipeline->info().outputs), ElementsAre("z"));
  EXPECT_TRUE(HasBatchDimension(pipeline->info()));
}

TEST(PipelineTest, DeclaredInputsAndOutputsKeepTheirOrder) {
  PipelineConfig config = Chain({{"first", "", {}, {}}, {"second", "", {}, {{"r", "s"}}}});
  config.inputs = {"b", "a"};
  config.outputs = {"s", "y"};
  const auto pipeline =
      Make(config, {Fake("first", {"a"}, {"y"}), Fake("second", {"b", "y"}, {"r"})});
  EXPECT_THAT(NamesOf(pipeline->info().inputs), ElementsAre("b", "a"));
  EXPECT_THAT(NamesOf(pipeline->info().outputs), ElementsAre("s", "y"));
}

TEST(PipelineTest, AnInputOfTwoStepsHasTheStricterOfTheirShapes) {
  const auto first =
      std::make_shared<FakeModel>("first", std::vector<TensorSpec>{{"x", kFp32, {-1, -1, 4}}},
                                  std::vector<TensorSpec>{{"y", kFp32, {-1}}});
  const auto second = std::make_shared<FakeModel>(
      "second", std::vector<TensorSpec>{{"x", kFp32, {-1, 3, -1}}, {"y", kFp32, {-1}}},
      std::vector<TensorSpec>{{"z", kFp32, {-1}}});
  const auto pipeline =
      Make(Chain({{"first", "", {}, {}}, {"second", "", {}, {}}}), {first, second});
  EXPECT_EQ(pipeline->info().inputs[0].shape, (Shape{-1, 3, 4}));
}

TEST(PipelineTest, LabelsGoWithTheOutputThatTheyAreFor) {
  const TwoSteps two;
  two.second->info_.labels = {{"z", {"no", "yes"}}};
  PipelineConfig config = two.config;
  config.steps[1].outputs = {{"z", "verdict"}};
  const auto pipeline = Make(config, two.steps());
  EXPECT_THAT(pipeline->info().labels.at("verdict"), ElementsAre("no", "yes"));
}

TEST(PipelineTest, EverythingThatIsWrongIsSaidAtOnceWithItsPath) {
  PipelineConfig config = Chain({
      {"first", "", {{"xx", "x"}}, {{"y", "tokens"}, {"w", "v"}}},
      {"second", "", {{"in", "token"}}, {{"z", "tokens"}}},
  });
  config.inputs = {"x", "idle"};
  config.outputs = {"tokens", "x", "q"};
  const TwoSteps two;
  const Error error = Refusal(config, two.steps());
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.field, "pipeline.steps[0].inputs.xx");
  EXPECT_EQ(
      error.message,
      "pipeline.steps[0].inputs.xx: the model 'first' has no such input, expected 'x'\n"
      "pipeline.steps[0].outputs.w: the model 'first' has no such output, expected one of 'y', "
      "'extra'\n"
      "pipeline.steps[1].inputs.in: no step before makes 'token' and it is no input of the "
      "pipeline, expected one of 'x', 'idle', 'tokens', 'extra'\n"
      "pipeline.steps[1].outputs.z: expected another name, as steps[0] makes 'tokens'\n"
      "pipeline.outputs[1]: no step makes 'x', expected one of 'tokens', 'extra'\n"
      "pipeline.outputs[2]: no step makes 'q', expected one of 'tokens', 'extra'\n"
      "pipeline.inputs[1]: no step takes 'idle'");
}

TEST(PipelineTest, WhatAStepMakesMustBeAbleToFitWhatTheNextTakes) {
  const auto made = [](DataType type, Shape shape) {
    return std::make_shared<FakeModel>("first", std::vector<TensorSpec>{{"x", kFp32, {-1}}},
                                       std::vector<TensorSpec>{{"y", type, std::move(shape)}});
  };
  const auto taken =
      std::make_shared<FakeModel>("second", std::vector<TensorSpec>{{"y", kFp32, {-1, 30}}},
                                  std::vector<TensorSpec>{{"z", kFp32, {-1}}});
  const PipelineConfig config = Chain({{"first", "", {}, {}}, {"second", "", {}, {}}});
  const std::string path = "pipeline.steps[1].inputs.y: expected FP32 of shape [-1,30], got ";
  EXPECT_EQ(Refusal(config, {made(kInt64, {-1, 30}), taken}).message,
            path + "INT64 of shape [-1,30], as steps[0] makes 'y'");
  EXPECT_EQ(Refusal(config, {made(kFp32, {-1, 4}), taken}).message,
            path + "FP32 of shape [-1,4], as steps[0] makes 'y'");
  EXPECT_EQ(Refusal(config, {made(kFp32, {30}), taken}).message,
            path + "FP32 of shape [30], as steps[0] makes 'y'");
  EXPECT_EQ(Refusal(config, {made(kFp32, {1, -1}), taken}).message, "was made");
}

TEST(PipelineTest, AnInputThatTwoStepsTakeDifferentlyIsRefused) {
  const auto first = Fake("first", {"x"}, {"y"});
  const auto second = std::make_shared<FakeModel>(
      "second", std::vector<TensorSpec>{{"x", kInt64, {-1}}, {"y", kFp32, {-1}}},
      std::vector<TensorSpec>{{"z", kFp32, {-1}}});
  EXPECT_EQ(
      Refusal(Chain({{"first", "", {}, {}}, {"second", "", {}, {}}}), {first, second}).message,
      "pipeline.steps[1].inputs.x: expected INT64 of shape [-1], got FP32 of shape [-1], as "
      "steps[0] takes 'x'");
}

TEST(PipelineTest, AnOutputMayNotHaveTheNameOfAnInput) {
  EXPECT_EQ(Refusal(Chain({{"m", "", {}, {}}}), {Fake("m", {"x"}, {"x"})}).message,
            "pipeline.steps[0].outputs.x: expected another name, as steps[0] takes 'x'");
}

TEST(PipelineTest, ANameThatNobodyTakesAndAStepThatDoesNothingAreRefused) {
  PipelineConfig config =
      Chain({{"idle", "", {}, {}}, {"first", "", {}, {{"e", "spare"}}}, {"last", "", {}, {}}});
  const Error error =
      Refusal(config, {Fake("idle", {"x"}, {"a", "b"}), Fake("first", {"x"}, {"y", "e"}),
                       Fake("last", {"y"}, {"z"})});
  EXPECT_EQ(error.message,
            "pipeline.steps[0]: nobody takes an output of this step\n"
            "pipeline.steps[1].outputs.e: no later step takes 'spare' and it is no output of the "
            "pipeline");
}

TEST(PipelineTest, StepsRunInOrderAndAreAskedForWhatIsTakenOnly) {
  const TwoSteps two;
  const auto pipeline = Make(two.config, two.steps());
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {2}, {3, 4})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ((*outputs)[0].name, "z");
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(7));
  EXPECT_THAT(two.first->asked, ElementsAre(ElementsAre("y")));
  EXPECT_THAT(two.second->asked, ElementsAre(ElementsAre("z")));
}

TEST(PipelineTest, WantedOutputsComeInTheirOrderUnderTheNamesOfThePipeline) {
  TwoSteps two;
  two.config.steps[0].outputs = {{"extra", "note"}};
  two.config.outputs = {"z", "y", "note"};
  const auto pipeline = Make(two.config, two.steps());
  const std::vector<std::string> wanted = {"note", "z"};
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, wanted, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].name, "note");
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(6));
  EXPECT_EQ((*outputs)[1].name, "z");
  EXPECT_THAT(ElementsOf<float>((*outputs)[1]), ElementsAre(5));
}

TEST(PipelineTest, AStepOfWhichNothingIsWantedDoesNotRun) {
  TwoSteps two;
  two.config.outputs = {"z", "y"};
  const auto pipeline = Make(two.config, two.steps());
  const std::vector<std::string> wanted = {"y"};
  ASSERT_TRUE(pipeline->Predict(std::vector{Floats("x", {1}, {5})}, wanted, {}));
  EXPECT_EQ(two.first->asked.size(), 1u);
  EXPECT_TRUE(two.second->asked.empty());
}

TEST(PipelineTest, ATensorThatSeveralTakeIsThereForAllOfThem) {
  const auto source = Fake("source", {"x"}, {"y"});
  const auto twice = Fake("twice", {"a", "b"}, {"double"});
  const auto last = Fake("last", {"y", "double"}, {"z"});
  PipelineConfig config = Chain(
      {{"source", "", {}, {}}, {"twice", "", {{"a", "y"}, {"b", "y"}}, {}}, {"last", "", {}, {}}});
  config.outputs = {"z", "double"};
  const auto pipeline = Make(config, {source, twice, last});
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(15));
  EXPECT_THAT(ElementsOf<float>((*outputs)[1]), ElementsAre(10));
  EXPECT_EQ(twice->seen["a"], twice->seen["b"]);
  EXPECT_EQ(twice->seen["a"], last->seen["y"]);
}

TEST(PipelineTest, BytesOfTheRequestAreReadWhereTheyLie) {
  TwoSteps two;
  two.config.steps[0].inputs = {{"x", "image"}};
  const auto pipeline = Make(two.config, two.steps());
  const std::vector request = {Floats("image", {2}, {1, 2})};
  ASSERT_TRUE(pipeline->Predict(request, {}, {}));
  EXPECT_EQ(two.first->seen["x"], request[0].raw.data());
}

TEST(PipelineTest, ARequestThatDoesNotFitIsRefusedBeforeAnyStep) {
  const TwoSteps two;
  const auto pipeline = Make(two.config, two.steps());
  const auto outputs = pipeline->Predict(std::vector{Floats("y", {1}, {5})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().field, "inputs[0].name");
  EXPECT_EQ(outputs.error().message,
            "input 'y': the model 'p' has no such input, expected one of 'x'");
  const std::vector<std::string> wanted = {"y"};
  const auto hidden = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, wanted, {});
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().field, "outputs[0].name");
  EXPECT_TRUE(two.first->asked.empty());
}

TEST(PipelineTest, TheErrorOfAStepNamesItAndItsModel) {
  const TwoSteps two;
  two.second->failure = Error{ErrorCode::kInvalidArgument, "no such index", "inputs[0].data"};
  const auto pipeline = Make(two.config, two.steps());
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outputs.error().message, "steps[1], the model 'second': no such index");
  EXPECT_EQ(outputs.error().field, "");
}

TEST(PipelineTest, AStepThatMakesTooLittleIsAnError) {
  const TwoSteps two;
  two.first->forgets_one = true;
  const auto pipeline = Make(two.config, two.steps());
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInternal);
  EXPECT_EQ(outputs.error().message, "steps[0], the model 'first': expected 1 outputs, got 0");
}

TEST(PipelineTest, AStopBetweenTwoStepsEndsTheRun) {
  const TwoSteps two;
  std::stop_source stop;
  two.first->on_run = [&stop] { stop.request_stop(); };
  const auto pipeline = Make(two.config, two.steps());
  const auto outputs = pipeline->Predict(std::vector{Floats("x", {1}, {5})}, {}, stop.get_token());
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(outputs.error().message, "the run was stopped: nobody waits for its answer");
  EXPECT_TRUE(two.second->asked.empty());
}

TEST(PipelineTest, AnOnnxModelAndABuiltinOneMakeAChain) {
  auto linear = MakeBuiltin("score", "1", {{"kind", "linear"}, {"weights", "1, 10"}});
  ASSERT_TRUE(linear) << linear.error().message;
  PipelineConfig config =
      Chain({{"two_inputs", "", {}, {}}, {"score", "", {{"input", "sum"}}, {{"output", "score"}}}});
  config.outputs = {"score", "difference"};
  const auto pipeline =
      Make(config, {LoadTestModel("two_inputs"), std::shared_ptr<const Model>(std::move(*linear))});
  EXPECT_TRUE(HasBatchDimension(pipeline->info()));
  const std::vector request = {Floats("b", {2, 2}, {1, 1, 2, 2}),
                               Floats("a", {2, 2}, {5, 6, 7, 8})};
  const auto outputs = pipeline->Predict(request, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(76, 109));
  EXPECT_THAT(ElementsOf<float>((*outputs)[1]), ElementsAre(4, 5, 5, 6));
}

TEST(PipelineTest, TextsGoFromStepToStep) {
  const auto reverse = [] {
    auto made = MakeBuiltin("reverse", "1", {{"kind", "reverse"}});
    return std::shared_ptr<const Model>(std::move(made.value()));
  };
  const PipelineConfig config = Chain({{"reverse", "", {{"input", "text"}}, {{"output", "back"}}},
                                       {"reverse", "", {{"input", "back"}}, {}}});
  const auto pipeline = Make(config, {reverse(), reverse()});
  const Tensor text{"text", DataType::kBytes, {2}, {}, {"abc", "de"}};
  const auto outputs = pipeline->Predict(std::vector{text}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].strings, ElementsAre("abc", "de"));
}

}  // namespace
}  // namespace baton::models
