// What is refused before a model runs, and how it is said.
#include "server/models/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/named_dimensions.h"
#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;

ModelInfo Info() {
  return {"m",
          "1",
          "test",
          {{"x", DataType::kFp32, {-1, 2}}, {"text", DataType::kBytes, {-1}}},
          {{"label", DataType::kInt64, {-1}}, {"score", DataType::kFp32, {-1, 2}}}};
}

Tensor X() { return Floats("x", {1, 2}, {1, 2}); }
Tensor Text() { return {"text", DataType::kBytes, {1}, {}, {"hello"}}; }

struct BadInputs {
  const char* what;
  std::vector<Tensor> inputs;
  const char* message;
  const char* field;
};

std::vector<BadInputs> AllBadInputs() {
  Tensor short_text = Text();
  short_text.strings.clear();
  return {
      {"missing", {X()}, "input 'text' is missing, expected BYTES of shape [-1]", "inputs"},
      {"none", {}, "input 'x' is missing, expected FP32 of shape [-1,2]", "inputs"},
      {"unknown",
       {X(), Text(), Floats("y", {1}, {1})},
       "input 'y': the model 'm' has no such input, expected one of 'x', 'text'",
       "inputs[2].name"},
      {"repeated", {X(), X()}, "input 'x': given more than once, expected once", "inputs[1].name"},
      {"datatype",
       {Text(), MakeTensor<double>("x", DataType::kFp64, {1, 2}, {1, 2})},
       "input 'x': expected datatype FP32, got FP64",
       "inputs[1].datatype"},
      {"dimension",
       {Floats("x", {1, 3}, {1, 2, 3}), Text()},
       "input 'x': expected shape [-1,2], got [1,3]",
       "inputs[0].shape"},
      {"rank",
       {Floats("x", {2}, {1, 2}), Text()},
       "input 'x': expected shape [-1,2], got [2]",
       "inputs[0].shape"},
      {"higher rank",
       {Floats("x", {1, 2, 1}, {1, 2}), Text()},
       "input 'x': expected shape [-1,2], got [1,2,1]",
       "inputs[0].shape"},
      {"variable dimension left open",
       {Floats("x", {-1, 2}, {1, 2}), Text()},
       "input 'x': expected shape [-1,2], got [-1,2]",
       "inputs[0].shape"},
      {"too many elements",
       {Floats("x", {std::int64_t{1} << 62, 2}, {}), Text()},
       "input 'x': shape [4611686018427387904,2] holds more elements than a tensor may have",
       "inputs[0].shape"},
      {"too little data",
       {Floats("x", {2, 2}, {1, 2, 3}), Text()},
       "input 'x': shape [2,2] of FP32 needs 16 bytes, got 12",
       "inputs[0].data"},
      {"too few strings",
       {X(), short_text},
       "input 'text': shape [1] of BYTES needs 1 elements, got 0",
       "inputs[1].data"},
  };
}

TEST(CheckInputsTest, EachBadInputIsNamedWithWhatWasExpectedAndWhatCame) {
  for (const BadInputs& bad : AllBadInputs()) {
    const Status status = CheckInputs(Info(), bad.inputs);
    ASSERT_FALSE(status.has_value()) << bad.what;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << bad.what;
    EXPECT_EQ(status.error().message, bad.message) << bad.what;
    EXPECT_EQ(status.error().field, bad.field) << bad.what;
  }
}

TEST(CheckInputsTest, GoodInputsMayComeInAnyOrder) {
  EXPECT_TRUE(CheckInputs(Info(), std::vector{X(), Text()}));
  EXPECT_TRUE(CheckInputs(Info(), std::vector{Text(), X()}));
}

TEST(CheckInputsTest, AVariableDimensionTakesAnySizeAndZeroToo) {
  EXPECT_TRUE(CheckInputs(Info(), std::vector{Floats("x", {3, 2}, {1, 2, 3, 4, 5, 6}), Text()}));
  EXPECT_TRUE(CheckInputs(Info(), std::vector{Floats("x", {0, 2}, {}), Text()}));
}

TEST(CheckNamedDimensionsTest, OpenOnesOfOneNameAreOfOneSize) {
  const ModelInfo info{
      "m",
      "1",
      "p",
      {{"a", DataType::kFp32, {-1, -1}, {"rows", ""}}, {"b", DataType::kFp32, {-1}, {"rows"}}},
      {}};
  EXPECT_TRUE(CheckNamedDimensions(
      info, std::vector{Floats("b", {2}, {1, 2}), Floats("a", {2, 1}, {1, 2})}));
  const Status status = CheckNamedDimensions(
      info, std::vector{Floats("a", {1, 2}, {1, 2}), Floats("b", {2}, {1, 2})});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().field, "inputs[1].shape");
  EXPECT_EQ(status.error().message,
            "input 'b': expected 1 for dimension 0 ('rows'), as input 'a' of shape [1,2] has, "
            "got [2]");
}

TEST(FindOutputsTest, NoneWantedMeansAllInTheModelsOrder) {
  const auto found = FindOutputs(Info(), {});
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre(0, 1));
}

TEST(FindOutputsTest, WantedOnesAreFoundInTheWantedOrder) {
  const auto found = FindOutputs(Info(), std::vector<std::string>{"score", "label"});
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre(1, 0));
}

TEST(FindOutputsTest, AnUnknownOutputIsNamed) {
  const auto found = FindOutputs(Info(), std::vector<std::string>{"label", "nope"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(found.error().message,
            "output 'nope': the model 'm' has no such output, expected one of 'label', 'score'");
  EXPECT_EQ(found.error().field, "outputs[1].name");
}

TEST(FindOutputsTest, AnOutputWantedTwiceIsRefused) {
  const auto found = FindOutputs(Info(), std::vector<std::string>{"label", "label"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "output 'label': asked for more than once, expected once");
}

}  // namespace
}  // namespace baton::models
