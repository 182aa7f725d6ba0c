// Inferences with raw tensors from body to body: the binary tensor extension, point by point.
#include <cmath>
#include <cstring>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/infer.h"
#include "server/api/infer_request.h"
#include "tests/api/fake_model.h"

namespace baton::api {
namespace {

using models::DataType;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

template <typename T>
std::string Raw(const std::vector<T>& elements) {
  std::string bytes(elements.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

const std::string kTexts = "\2\0\0\0ab\1\0\0\0\xff"s;

HandledModel EchoModelOfThree() {
  const std::vector<models::TensorSpec> specs = {{"x", DataType::kFp32, {-1, 2}},
                                                 {"n", DataType::kInt64, {-1}},
                                                 {"s", DataType::kBytes, {-1}}};
  return HandledModel{EchoModel(specs)};
}

std::string Input(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& rest) {
  return R"({"name":")" + name + R"(","datatype":")" + type + R"(","shape":)" + shape + "," + rest +
         "}";
}
std::string Size(std::size_t bytes) {
  return R"("parameters":{"binary_data_size":)" + std::to_string(bytes) + "}";
}

// `x`, `n` and `s`, the first and the last raw.
std::string Json(const std::string& more = {}) {
  return R"({"inputs":[)" + Input("x", "FP32", "[1,2]", Size(8)) + "," +
         Input("n", "INT64", "[1]", R"("data":[5])") + "," +
         Input("s", "BYTES", "[2]", Size(kTexts.size())) + "]" + more + "}";
}
const std::string kTail = Raw<float>({0.5F, -2}) + kTexts;

serve::Outcome Infer(const HandledModel& handled, const std::string& json,
                     const std::string& tail) {
  serve::Call call{Padded(json + tail)};
  call.json_bytes = json.size();
  FakeContext context;
  return MakeInferHandler(handled)->Handle(call, context);
}

// The JSON and the raw part of a prediction.
std::pair<std::string, std::string> PartsOf(const serve::Outcome& outcome) {
  EXPECT_FALSE(outcome.error) << outcome.error->message;
  const std::size_t json_bytes = outcome.json_bytes.value_or(outcome.body.size());
  return {outcome.body.substr(0, json_bytes), outcome.body.substr(json_bytes)};
}

constexpr std::string_view kAllRaw = R"(,"parameters":{"binary_data_output":true})";

TEST(InferRawTest, B1_TheJsonEndsWhereTheHeaderSays) {
  const auto [json, tail] = PartsOf(Infer(EchoModelOfThree(), Json(std::string(kAllRaw)), kTail));
  EXPECT_EQ(
      json,
      R"({"model_name":"echo","model_version":"1","outputs":[)"
      R"({"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},)"
      R"({"name":"n","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}},)"
      R"({"name":"s","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":11}}]})");
  EXPECT_EQ(tail, Raw<float>({0.5F, -2}) + Raw<std::int64_t>({5}) + kTexts);
}

TEST(InferRawTest, B2_RawTensorsFollowInTheOrderOfTheInputsAndOutputs) {
  const std::string json = R"({"inputs":[)" + Input("n", "INT64", "[1]", Size(8)) + "," +
                           Input("s", "BYTES", "[1]", Size(5)) + "," +
                           Input("x", "FP32", "[0,2]", Size(0)) + "]" + std::string(kAllRaw) + "}";
  const std::string sent = Raw<std::int64_t>({-1}) + "\1\0\0\0z"s;
  EXPECT_EQ(PartsOf(Infer(EchoModelOfThree(), json, sent)).second, sent);
}

TEST(InferRawTest, B3_ARawInputReplacesDataAndMixesWithJson) {
  const auto model = EchoModel({{"x", DataType::kFp32, {-1, 2}},
                                {"n", DataType::kInt64, {-1}},
                                {"s", DataType::kBytes, {-1}}});
  const HandledModel handled = HandledModel{model};
  PartsOf(Infer(handled, Json(std::string(kAllRaw)), kTail));
  const auto& inputs = model->last_inputs();
  ASSERT_EQ(inputs.size(), 3U);
  EXPECT_THAT(inputs[0].As<float>(), ElementsAre(0.5F, -2));
  EXPECT_THAT(inputs[1].As<std::int64_t>(), ElementsAre(5));
  EXPECT_THAT(inputs[2].strings, ElementsAre("ab", "\xff"));
}

TEST(InferRawTest, B4_AnOutputIsRawWhereItAsksForThat) {
  const std::string more =
      R"(,"outputs":[{"name":"x","parameters":{"binary_data":true}},{"name":"n"},)"
      R"({"name":"s","parameters":{"binary_data":true}}])";
  const auto [json, tail] = PartsOf(Infer(EchoModelOfThree(), Json(more), kTail));
  EXPECT_THAT(json, HasSubstr(R"("shape":[1,2],"parameters":{"binary_data_size":8})"));
  EXPECT_THAT(json, HasSubstr(R"("shape":[1],"data":[5])"));
  EXPECT_EQ(tail, kTail);
}

TEST(InferRawTest, B5_AnOutputsOwnWordStandsAboveTheRequests) {
  const std::string more =
      R"(,"outputs":[{"name":"x","parameters":{"binary_data":false}},{"name":"n"},)"
      R"({"name":"s"}])" +
      std::string(kAllRaw);
  const auto [json, tail] = PartsOf(Infer(EchoModelOfThree(), Json(more), kTail));
  EXPECT_THAT(json, HasSubstr(R"("shape":[1,2],"data":[0.5,-2])"));
  EXPECT_EQ(tail, Raw<std::int64_t>({5}) + kTexts);
}

TEST(InferRawTest, B7_WhatIsAllJsonSaysNoSize) {
  const std::string json = R"({"inputs":[)" + Input("n", "INT64", "[1]", Size(8)) + "]}";
  const HandledModel handled = HandledModel{EchoModel({{"n", DataType::kInt64, {-1}}})};
  const serve::Outcome outcome = Infer(handled, json, Raw<std::int64_t>({7}));
  EXPECT_EQ(outcome.json_bytes, std::nullopt);
  EXPECT_THAT(outcome.body, HasSubstr(R"("data":[7])"));
}

TEST(InferRawTest, B8_TheWholeBodyIsTheOneInputAndEveryOutputComesRaw) {
  const auto model = EchoModel({{"x", DataType::kFp32, {-1, 2}}});
  const auto [json, tail] = PartsOf(Infer(HandledModel{model}, "", Raw<float>({1, 2, 3, 4, 5, 6})));
  EXPECT_THAT(json, HasSubstr(R"("shape":[3,2],"parameters":{"binary_data_size":24})"));
  EXPECT_EQ(tail, Raw<float>({1, 2, 3, 4, 5, 6}));
  EXPECT_THAT(model->last_inputs()[0].shape, ElementsAre(3, 2));
}

TEST(InferRawTest, B8_OfBytesTheBodyIsOneElement) {
  const auto model = EchoModel({{"s", DataType::kBytes, {-1, 1}}});
  EXPECT_EQ(PartsOf(Infer(HandledModel{model}, "", "a\0b"s)).second, "\3\0\0\0a\0b"s);
  EXPECT_THAT(model->last_inputs()[0].shape, ElementsAre(1, 1));
}

TEST(InferRawTest, B8_ABodyThatIsNotTheOneInputIsRefused) {
  const auto message_of = [](std::vector<models::TensorSpec> specs, const std::string& body) {
    const auto outcome = Infer(HandledModel{EchoModel(std::move(specs))}, "", body);
    return outcome.error ? outcome.error->message : "";
  };
  EXPECT_THAT(message_of({{"x", DataType::kFp32, {-1, 2}}}, "123456789"),
              HasSubstr("input 'x': expected the bytes of a shape with one open dimension at most "
                        "where the body is nothing but the tensor, got 9 bytes for shape [-1,2] of "
                        "FP32"));
  EXPECT_THAT(message_of({{"x", DataType::kFp32, {1, 2}}}, "1234"), HasSubstr("got 4 bytes"));
  EXPECT_THAT(message_of({{"x", DataType::kFp32, {-1, -1}}}, "12345678"),
              HasSubstr("one open dimension"));
  EXPECT_THAT(message_of({{"x", DataType::kFp32, {-1, 0}}}, "12345678"), HasSubstr("got 8 bytes"));
  EXPECT_THAT(message_of({{"x", DataType::kBool, {-1}}}, "\2"), HasSubstr("got 2"));
  EXPECT_THAT(message_of({{"s", DataType::kBytes, {2}}}, "ab"), HasSubstr("one element"));
  EXPECT_THAT(message_of({{"a", DataType::kInt8, {1}}, {"b", DataType::kInt8, {1}}}, "ab"),
              HasSubstr("the model has 2 inputs"));
  EXPECT_THAT(message_of({}, "ab"), HasSubstr("the model has 0 inputs"));
}

TEST(InferRawTest, B9_WithoutTheHeaderTheWholeBodyIsJson) {
  serve::Call call{Padded(Json() + kTail)};
  FakeContext context;
  const HandledModel handled = EchoModelOfThree();
  EXPECT_TRUE(MakeInferHandler(handled)->Handle(call, context).error);
  call.body = Padded(Json());
  const serve::Outcome outcome = MakeInferHandler(handled)->Handle(call, context);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->field, "Inference-Header-Content-Length");
  EXPECT_EQ(outcome.error->message,
            "Inference-Header-Content-Length: expected the size of the JSON, as "
            "inputs[0].parameters.binary_data_size is there, got nothing");
}

void ExpectRefused(const std::string& json, const std::string& tail, const std::string& field,
                   const std::string& message) {
  const serve::Outcome outcome = Infer(EchoModelOfThree(), json, tail);
  ASSERT_TRUE(outcome.error) << message;
  EXPECT_EQ(outcome.error->code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outcome.error->field, field);
  EXPECT_THAT(outcome.error->message, HasSubstr(message));
}

TEST(InferRawTest, SizesThatDoNotAddUpToTheTailAreRefused) {
  ExpectRefused(Json(), kTail + "abc", "Inference-Header-Content-Length",
                "expected no bytes behind the JSON but what the inputs' binary_data_size say, got "
                "3 more");
  ExpectRefused(Json(), kTail.substr(0, 12), "inputs[2].parameters.binary_data_size",
                "expected at most the bytes that are left behind the JSON (4), got 11");
  ExpectRefused(R"({"inputs":[]})", "a", "Inference-Header-Content-Length", "got 1 more");
}

TEST(InferRawTest, ARawInputThatContradictsItsShapeIsRefused) {
  ExpectRefused(R"({"inputs":[)" + Input("x", "FP32", "[1,2]", Size(4)) + "]}", "abcd",
                "inputs[0].parameters.binary_data_size",
                "input 'x': shape [1,2] of FP32 needs 8 bytes, got 4");
  ExpectRefused(R"({"inputs":[)" + Input("s", "BYTES", "[1]", Size(5)) + "]}", "\2\0\0\0a"s,
                "inputs[0].parameters.binary_data_size", "element 0 of BYTES");
}

TEST(InferRawTest, DataBesideARawInputIsRefused) {
  ExpectRefused(R"({"inputs":[)" + Input("x", "FP32", "[1,2]", Size(8) + R"(,"data":[1,2])") + "]}",
                kTail, "inputs[0].data",
                "expected nothing beside parameters.binary_data_size, got an array of 2");
}

TEST(InferRawTest, AHeaderBeyondTheBodyIsRefused) {
  const std::string body = Padded("{}");
  const auto request = DecodeInferRequest(body, 3, {});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().field, "Inference-Header-Content-Length");
}

TEST(InferRawTest, JsonThatTheHeaderCutsShortIsMalformed) {
  const std::string body = Padded(Json() + kTail);
  const auto request = DecodeInferRequest(body, Json().size() - 1, {});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, ErrorCode::kInvalidArgument);
}

// Spaces move the tail to every place in memory.
TEST(InferRawTest, AlignedInputsAreReadWhereTheBodyHoldsThem) {
  int borrowed = 0;
  for (std::size_t spaces = 0; spaces < 8; ++spaces) {
    const std::string json =
        R"({"inputs":[)" + Input("x", "FP32", "[1,2]", Size(8)) + "]}" + std::string(spaces, ' ');
    const std::string body = Padded(json + Raw<float>({1, 2}));
    const auto request = DecodeInferRequest(body, json.size(), {});
    ASSERT_TRUE(request) << request.error().message;
    const models::TensorBytes& raw = request->inputs[0].raw;
    EXPECT_THAT(request->inputs[0].As<float>(), ElementsAre(1, 2));
    if (!raw.is_borrowed()) continue;
    ++borrowed;
    EXPECT_EQ(static_cast<const void*>(raw.data()), body.data() + json.size());
  }
  EXPECT_EQ(borrowed, 2);
}

TEST(InferRawTest, WithoutItsOwnPartAnAnswerIsWhatARequestWithoutAnIdGets) {
  const std::string all_raw(kAllRaw);
  const serve::Outcome plain = Infer(EchoModelOfThree(), Json(all_raw), kTail);
  serve::Outcome own = Infer(EchoModelOfThree(), Json(all_raw + R"(,"id":"a\"b")"), kTail);
  EXPECT_THAT(own.body, HasSubstr(R"("id":"a\"b")"));
  EXPECT_EQ(*own.json_bytes - own.own_size, *plain.json_bytes);
  EXPECT_EQ(own.body.erase(own.own_begin, own.own_size), plain.body);
}

HandledModel Answering(models::Tensor output) {
  return HandledModel{std::make_shared<FakeModel>(
      models::ModelInfo{"m", "1", "fake", {}, {{"p", output.type, {}}}},
      [output](auto, auto) { return Result<std::vector<models::Tensor>>(std::vector{output}); })};
}

TEST(InferRawTest, WhatHasNoJsonFormComesRaw) {
  models::Tensor nan{"p", DataType::kFp32, {1}, std::vector<std::byte>(4), {}};
  nan.As<float>()[0] = std::nanf("");
  const models::Tensor half{"p", DataType::kFp16, {1}, std::vector<std::byte>(2), {}};
  const models::Tensor text{"p", DataType::kBytes, {1}, {}, {"\xff"}};
  for (const models::Tensor& output : {nan, half, text}) {
    const serve::Outcome as_json = Infer(Answering(output), R"({"inputs":[]})", "");
    ASSERT_TRUE(as_json.error);
    EXPECT_THAT(as_json.error->message, HasSubstr("ask for it raw, with `parameters.binary_data`"));
    const std::string json = R"({"inputs":[])" + std::string(kAllRaw) + "}";
    EXPECT_FALSE(PartsOf(Infer(Answering(output), json, "")).second.empty());
  }
}

TEST(InferRawTest, ClassesComeInJsonOrRawWithTheModelsLabels) {
  models::ModelInfo info{
      "m", "1", "fake", {{"x", DataType::kFp32, {-1, 3}}}, {{"x", DataType::kFp32, {-1, 3}}}};
  info.labels["x"] = {"cat", "dog"};
  const HandledModel handled = HandledModel{std::make_shared<FakeModel>(info, Echo)};
  const auto infer = [&](const std::string& parameters) {
    return PartsOf(Infer(handled,
                         R"({"inputs":[)" + Input("x", "FP32", "[2,3]", Size(24)) +
                             R"(],"outputs":[{"name":"x","parameters":{"classification":2)" +
                             parameters + "}}]}",
                         Raw<float>({0.5F, 2, 1, 3, 1, 2})));
  };
  EXPECT_THAT(infer("").first, HasSubstr(R"({"name":"x","datatype":"BYTES","shape":[2,2],"data":)"
                                         R"(["2:1:dog","1:2","3:0:cat","2:2"]})"));
  const auto [json, tail] = infer(R"(,"binary_data":true)");
  EXPECT_THAT(json, HasSubstr(R"("datatype":"BYTES","shape":[2,2],"parameters")"));
  EXPECT_EQ(tail, "\7\0\0\0"s + "2:1:dog" + "\3\0\0\0"s + "1:2" + "\7\0\0\0"s + "3:0:cat" +
                      "\3\0\0\0"s + "2:2");
}

}  // namespace
}  // namespace baton::api
