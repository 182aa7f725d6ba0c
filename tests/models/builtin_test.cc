// The models that need no file.
#include "server/models/builtin/builtin.h"

#include <cmath>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

std::unique_ptr<Model> Make(const Parameters& parameters) {
  auto model = MakeBuiltin("m", "3", parameters);
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

Error Refusal(const Parameters& parameters) {
  const auto model = MakeBuiltin("m", "3", parameters);
  return model ? Error{ErrorCode::kInternal, "was made", ""} : model.error();
}

TEST(BuiltinTest, AModelSaysItsNameVersionAndPlatform) {
  const auto model = Make({{"kind", "identity"}});
  EXPECT_EQ(model->info().name, "m");
  EXPECT_EQ(model->info().version, "3");
  EXPECT_EQ(model->info().platform, "builtin_identity");
  EXPECT_EQ(Make({{"kind", "spinner"}})->info().platform, "builtin_spinner");
}

TEST(BuiltinTest, AnUnknownKindNamesTheKnownOnes) {
  const Error error = Refusal({{"kind", "oracle"}});
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.field, "parameters.kind");
  EXPECT_EQ(error.message,
            "parameter 'kind': expected identity, reverse, linear, sleeper or spinner, got "
            "'oracle'");
  EXPECT_EQ(Refusal({}).field, "parameters.kind");
}

TEST(BuiltinTest, AParameterThatAKindDoesNotHaveIsRefusedByName) {
  const Error error = Refusal({{"kind", "reverse"}, {"weights", "1"}});
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.field, "parameters.weights");
  EXPECT_EQ(error.message,
            "the builtin 'reverse' has no parameter 'weights', expected one of kind");
}

TEST(BuiltinTest, IdentityReturnsEveryDatatypeAsItCame) {
  for (int i = 0; i <= static_cast<int>(DataType::kBf16); ++i) {
    const auto type = static_cast<DataType>(i);
    const auto model =
        Make({{"kind", "identity"}, {"datatype", std::string(ToText(type))}, {"shape", "[-1, 2]"}});
    Tensor input{"input", type, {3, 2}, {}, {}};
    input.raw.resize(6 * ElementSize(type));
    for (std::size_t byte = 0; byte < input.raw.size(); ++byte) {
      *(input.raw.data() + byte) = static_cast<std::byte>(byte);
    }
    if (type == DataType::kBytes) input.strings = {"", "a\0b"s, "c", "d", "e", "f"};
    const auto outputs = model->Predict(std::vector{input}, {}, {});
    ASSERT_TRUE(outputs) << outputs.error().message;
    ASSERT_EQ(outputs->size(), 1u);
    EXPECT_EQ((*outputs)[0].name, "output");
    EXPECT_EQ((*outputs)[0].type, type);
    EXPECT_EQ((*outputs)[0].shape, input.shape);
    EXPECT_TRUE(std::equal(input.raw.begin(), input.raw.end(), (*outputs)[0].raw.begin(),
                           (*outputs)[0].raw.end()));
    EXPECT_EQ((*outputs)[0].strings, input.strings);
  }
}

TEST(BuiltinTest, IdentityIsOfTextsInARowUnlessToldOtherwise) {
  const auto model = Make({{"kind", "identity"}});
  EXPECT_EQ(model->info().inputs[0].type, DataType::kBytes);
  EXPECT_THAT(model->info().inputs[0].shape, ElementsAre(-1));
  EXPECT_TRUE(Make({{"kind", "identity"}, {"shape", "[]"}})->info().inputs[0].shape.empty());
}

TEST(BuiltinTest, IdentityRefusesAShapeOrADatatypeThatIsNone) {
  EXPECT_EQ(Refusal({{"kind", "identity"}, {"datatype", "FP33"}}).message,
            "parameter 'datatype': expected a datatype such as FP32, got 'FP33'");
  for (const char* shape : {"[-2]", "1,,2", "1,", "x", "[1.5]", "[99999999999999999999]"}) {
    EXPECT_EQ(Refusal({{"kind", "identity"}, {"shape", shape}}).field, "parameters.shape") << shape;
  }
}

TEST(BuiltinTest, ReverseTurnsEachTextRoundByCodePoint) {
  const auto model = Make({{"kind", "reverse"}});
  const Tensor input{
      "input", DataType::kBytes, {4}, {}, {"abc", "", "a\u00E9\u20AC\U0001F600", "\xFF\xC3z"}};
  const auto outputs = model->Predict(std::vector{input}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(4));
  EXPECT_THAT((*outputs)[0].strings,
              ElementsAre("cba", "", "\U0001F600\u20AC\u00E9"s + "a", "z\xC3\xFF"));
}

TEST(BuiltinTest, LinearSumsEachRowsWeightedCells) {
  const auto model = Make({{"kind", "linear"}, {"weights", "[0.5, -1e0,2]"}, {"bias", "10"}});
  EXPECT_THAT(model->info().inputs[0].shape, ElementsAre(-1, 3));
  const auto outputs =
      model->Predict(std::vector{Floats("input", {2, 3}, {1, 2, 3, 4, 5, 6})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(2));
  EXPECT_THAT(ElementsOf<float>((*outputs)[0]), ElementsAre(14.5F, 19.0F));
}

TEST(BuiltinTest, LinearOfNoRowsIsNoRows) {
  const auto model = Make({{"kind", "linear"}, {"weights", "1"}});
  const auto outputs = model->Predict(std::vector{Floats("input", {0, 1}, {})}, {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_THAT((*outputs)[0].shape, ElementsAre(0));
  EXPECT_EQ((*outputs)[0].raw.size(), 0u);
}

TEST(BuiltinTest, LinearNeedsWeightsThatAreNumbers) {
  EXPECT_EQ(Refusal({{"kind", "linear"}}).field, "parameters.weights");
  for (const char* weights : {"", "[]", "a", "1,nan", "1,inf", "1e99"}) {
    EXPECT_EQ(Refusal({{"kind", "linear"}, {"weights", weights}}).field, "parameters.weights")
        << weights;
  }
  EXPECT_EQ(Refusal({{"kind", "linear"}, {"weights", "1"}, {"bias", "1,2"}}).message,
            "parameter 'bias': expected a number, got '1,2'");
}

class HoldingTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Model> model_ = Make({{"kind", GetParam()}});
  static std::vector<Tensor> Millis(float millis) { return {Floats("ms", {1}, {millis})}; }
};

TEST_P(HoldingTest, SaysHowLongItTook) {
  const auto outputs = model_->Predict(Millis(1.5F), {}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].name, "took_ms");
  EXPECT_GE((*outputs)[0].As<float>()[0], 1.5F);
}

TEST_P(HoldingTest, IsStoppedInItsMiddle) {
  std::stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });
  const auto outputs = model_->Predict(Millis(60'000), {}, stop.get_token());
  stopper.join();
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_P(HoldingTest, RefusesATimeThatIsNone) {
  for (const float millis : {-1.0F, 60'001.0F, NAN}) {
    const auto outputs = model_->Predict(Millis(millis), {}, {});
    ASSERT_FALSE(outputs) << millis;
    EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(outputs.error().field, "inputs[0].data");
    EXPECT_THAT(outputs.error().message, HasSubstr("expected 0 to 60000"));
  }
}

INSTANTIATE_TEST_SUITE_P(Builtin, HoldingTest, ::testing::Values("sleeper", "spinner"),
                         [](const auto& test) { return std::string(test.param); });

TEST(BuiltinTest, EachKindRefusesAnUnknownInputAndAnUnknownOutput) {
  for (const char* kind : {"identity", "reverse", "linear", "sleeper", "spinner"}) {
    Parameters parameters = {{"kind", kind}};
    if (kind == "linear"s) parameters["weights"] = "1";
    const auto model = Make(parameters);
    const auto no_input = model->Predict({}, {}, {});
    ASSERT_FALSE(no_input) << kind;
    EXPECT_EQ(no_input.error().code, ErrorCode::kInvalidArgument) << kind;
    Tensor input{model->info().inputs[0].name, model->info().inputs[0].type, {1}, {}, {}};
    if (kind == "linear"s) input.shape = {1, 1};
    if (input.type == DataType::kBytes) {
      input.strings = {"a"};
    } else {
      input.raw.resize(4);
    }
    const auto no_output = model->Predict(std::vector{input}, std::vector{"nothing"s}, {});
    ASSERT_FALSE(no_output) << kind;
    EXPECT_THAT(no_output.error().message, HasSubstr("output 'nothing'")) << kind;
  }
}

}  // namespace
}  // namespace baton::models
