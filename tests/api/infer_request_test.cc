// Decoding of inference requests.
#include "server/api/infer_request.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<InferRequest> Decode(std::string_view body) { return DecodeInferRequest(Padded(body)); }

constexpr std::string_view kInput = R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]})";

std::string WithInput(std::string_view input) {
  return R"({"inputs":[)" + std::string(input) + "]}";
}
std::string WithMember(std::string_view member) {
  return R"({"inputs":[)" + std::string(kInput) + "]," + std::string(member) + "}";
}

TEST(InferRequestTest, AWholeRequestIsDecoded) {
  const auto request = Decode(
      R"({"id":"a\u0000b","parameters":{"timeout":5000,"priority":1,"other":"x","f":1.5,"b":true},
          "inputs":[{"name":"x","shape":[2,1],"datatype":"INT64","data":[[1],[2]],
                     "parameters":{"binary_data":false}},
                    {"name":"t","shape":[1],"datatype":"BYTES","data":["é"]}],
          "outputs":[{"name":"p"},{"name":"q","parameters":{"binary_data":false}}],"unknown":[{}]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->id, std::string("a\0b", 3));
  EXPECT_EQ(request->timeout, 5ms);
  EXPECT_EQ(request->priority, 1U);
  ASSERT_EQ(request->inputs.size(), 2U);
  EXPECT_EQ(request->inputs[0].name, "x");
  EXPECT_EQ(request->inputs[0].type, models::DataType::kInt64);
  EXPECT_THAT(request->inputs[0].shape, ElementsAre(2, 1));
  EXPECT_THAT(request->inputs[0].As<std::int64_t>(), ElementsAre(1, 2));
  EXPECT_THAT(request->inputs[1].strings, ElementsAre("é"));
  EXPECT_THAT(request->outputs, ElementsAre("p", "q"));
}

TEST(InferRequestTest, WhatIsNotGivenIsAbsent) {
  const auto request = Decode(WithInput(kInput));
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->id || request->timeout || request->priority);
  EXPECT_TRUE(request->outputs.empty());
  EXPECT_TRUE(Decode(WithMember(R"("outputs":[])"))->outputs.empty());
  EXPECT_EQ(Decode(WithMember(R"("id":"")"))->id, "");
}

TEST(InferRequestTest, KeysComeInAnyOrder) {
  std::vector<std::string> members = {R"("name":"x")", R"("shape":[2])", R"("datatype":"INT8")",
                                      R"("data":[1,2])"};
  std::sort(members.begin(), members.end());
  int orders = 0;
  do {
    const auto request = Decode(
        WithInput("{" + members[0] + "," + members[1] + "," + members[2] + "," + members[3] + "}"));
    ASSERT_TRUE(request);
    EXPECT_THAT(request->inputs[0].As<std::int8_t>(), ElementsAre(1, 2));
    ++orders;
  } while (std::next_permutation(members.begin(), members.end()));
  EXPECT_EQ(orders, 24);
}

TEST(InferRequestTest, ATimeoutThatIsNoWholeNumberIsLeftAlone) {
  const std::vector<std::pair<std::string, std::optional<Duration>>> table = {
      {"1", 1us}, {"0", {}}, {"-1", {}}, {"1.5", {}}, {"1.0", {}}, {"\"5\"", {}}, {"true", {}},
  };
  for (const auto& [value, expected] : table) {
    const auto request = Decode(WithMember(R"("parameters":{"timeout":)" + value + "}"));
    ASSERT_TRUE(request) << value;
    EXPECT_EQ(request->timeout, expected) << value;
  }
}

TEST(InferRequestTest, NullIsAsNone) {
  const auto request = Decode(WithMember(R"("id":null,"outputs":null,"parameters":null)"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->id, std::nullopt);
  EXPECT_TRUE(request->outputs.empty());
  EXPECT_EQ(request->timeout, std::nullopt);
}

struct Refused {
  std::string body;
  std::string field;
  std::string message;
};

void CheckRefused(const std::vector<Refused>& table) {
  for (const Refused& row : table) {
    const auto request = Decode(row.body);
    ASSERT_FALSE(request) << row.body;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidArgument) << row.body;
    EXPECT_EQ(request.error().field, row.field) << row.body;
    EXPECT_THAT(request.error().message, HasSubstr(row.message)) << row.body;
  }
}

TEST(InferRequestTest, RefusalsOfTheRequestItselfNameTheField) {
  CheckRefused({
      {"", "", "the body is empty"},
      {"[]", "", "the body: expected a JSON object, got an array of 0"},
      {"{}", "inputs", "inputs: expected an array of objects, got nothing"},
      {R"({"inputs":{}})", "inputs", "inputs: expected an array of objects, got an object"},
      {WithInput("1"), "inputs[0]", "inputs[0]: expected an object, got 1"},
      {WithMember(R"("id":7)"), "id", "id: expected a string, got 7"},
      {WithMember(R"("parameters":[])"), "parameters", "parameters: expected an object"},
      {WithMember(R"("parameters":{"a":[1]})"), "parameters.'a'",
       "expected a string, a number, true or false, got an array of 1"},
      {WithMember(R"("parameters":{"a":null})"), "parameters.'a'", "got null"},
      {WithMember(R"("outputs":{})"), "outputs",
       "outputs: expected an array of objects, got an object"},
      {WithMember(R"("outputs":["p"])"), "outputs[0]",
       "outputs[0]: expected an object, got the string"},
      {WithMember(R"("outputs":[{"name":"p"},{}])"), "outputs[1].name", "got nothing"},
      {WithMember(R"("outputs":[{"name":1}])"), "outputs[0].name", "got 1"},
      {WithMember(R"("inputs":[])"), "inputs", "the key 'inputs' comes twice"},
  });
}

TEST(InferRequestTest, RefusalsOfAnInputNameTheField) {
  CheckRefused({
      {WithInput(R"({"shape":[1],"datatype":"FP32","data":[1]})"), "inputs[0].name", "got nothing"},
      {WithInput(R"({"name":5,"shape":[1],"datatype":"FP32","data":[1]})"), "inputs[0].name",
       "got 5"},
      {WithInput(R"({"name":"x","datatype":"FP32","data":[1]})"), "inputs[0].shape", "got nothing"},
      {WithInput(R"({"name":"x","shape":[1],"data":[1]})"), "inputs[0].datatype", "got nothing"},
      {WithInput(R"({"name":"x","shape":[1],"datatype":"FP32"})"), "inputs[0].data", "got nothing"},
      {WithInput(R"({"name":"x","shape":1,"datatype":"FP32","data":[1]})"), "inputs[0].shape",
       "expected an array of whole numbers from 0, got 1"},
      {WithInput(R"({"name":"x","shape":[1.0],"datatype":"FP32","data":[1]})"), "inputs[0].shape",
       "got 1.0"},
      {WithInput(R"({"name":"x","shape":[-1],"datatype":"FP32","data":[1]})"), "inputs[0].shape",
       "got [-1]"},
      {WithInput(R"({"name":"x","shape":["1"],"datatype":"FP32","data":[1]})"), "inputs[0].shape",
       "got the string '1'"},
      {WithInput(R"({"name":"x","shape":[4294967296,4294967296],"datatype":"FP32","data":[1]})"),
       "inputs[0].shape", "expected at most 2^40 elements, got [4294967296,4294967296]"},
      {WithInput(R"({"name":"x","shape":[1],"datatype":"fp32","data":[1]})"), "inputs[0].datatype",
       "expected one of BOOL, UINT8"},
      {WithInput(R"({"name":"x","shape":[1],"datatype":32,"data":[1]})"), "inputs[0].datatype",
       "got 32"},
      {WithInput(std::string(kInput) +
                 R"(,{"name":"z","shape":[3],"datatype":"FP32","data":[1,2]})"),
       "inputs[1].data", "input 'z': expected 3 elements for shape [3], got 2"},
      {WithInput(R"({"name":"x","shape":[1],"datatype":"FP16","data":[1]})"), "inputs[0].data",
       "travels raw only, with `parameters.binary_data_size`"},
      {WithInput(R"({"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"a":{}}})"),
       "inputs[0].parameters.'a'", "got an object"},
  });
}

TEST(InferRequestTest, TheFormOfAnOutputIsItsOwnOrTheRequests) {
  const auto forms_of = [](const std::string& members) {
    const auto request = Decode(WithMember(members));
    return request ? request->forms : OutputForms();
  };
  EXPECT_FALSE(forms_of(R"("id":"x")").Of(0).is_raw);
  const std::string all_raw = R"("parameters":{"binary_data_output":true})";
  EXPECT_TRUE(forms_of(all_raw).Of(7).is_raw);
  const std::string outputs =
      R"("outputs":[{"name":"p","parameters":{"binary_data":false}},{"name":"q"},)"
      R"({"name":"r","parameters":{"binary_data":true,"classification":3}}])";
  for (const std::string& members : {all_raw + "," + outputs, outputs + "," + all_raw}) {
    const OutputForms forms = forms_of(members);
    EXPECT_FALSE(forms.Of(0).is_raw);
    EXPECT_TRUE(forms.Of(1).is_raw && forms.Of(2).is_raw);
    EXPECT_EQ(forms.Of(1).classes, 0U);
    EXPECT_EQ(forms.Of(2).classes, 3U);
  }
  EXPECT_FALSE(forms_of(outputs).Of(1).is_raw);
}

TEST(InferRequestTest, ParametersOfTheExtensionsHaveTheirTypes) {
  const auto output = [](const std::string& parameter) {
    return WithMember(R"("outputs":[{"name":"p","parameters":{)" + parameter + "}}]");
  };
  CheckRefused({
      {WithMember(R"("parameters":{"binary_data_output":"yes"})"), "parameters.binary_data_output",
       "expected true or false, got the string 'yes'"},
      {output(R"("binary_data":1)"), "outputs[0].parameters.binary_data",
       "expected true or false, got 1"},
      {output(R"("classification":0)"), "outputs[0].parameters.classification",
       "expected a whole number from 1, got 0"},
      {output(R"("classification":"1")"), "outputs[0].parameters.classification",
       "expected a whole number from 1, got the string '1'"},
      {WithInput(
           R"({"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":-4}})"),
       "inputs[0].parameters.binary_data_size", "expected a whole number from 0, got -4"},
  });
}

}  // namespace
}  // namespace baton::api
