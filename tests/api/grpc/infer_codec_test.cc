// Requests into tensors and tensors into responses, in the protocol's gRPC form.
#include "server/api/grpc/infer_codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "inference/grpc_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api {
namespace {

using models::DataType;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Request = inference::ModelInferRequest;

template <typename T>
std::string Bytes(std::vector<T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Request::InferInputTensor& AddInput(Request& request, const std::string& name,
                                    const std::string& type, std::vector<std::int64_t> shape) {
  auto& input = *request.add_inputs();
  input.set_name(name);
  input.set_datatype(type);
  input.mutable_shape()->Add(shape.begin(), shape.end());
  return input;
}

ModelRequest Decoded(const Request& request) {
  const std::string message = request.SerializeAsString();
  Result<ModelRequest> decoded = DecodeGrpcRequest(message);
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message);
  if (!decoded) return {};
  // Borrowed bytes live as long as the message: what is copied has bytes of its own.
  return ModelRequest(*decoded);
}

Error ErrorOf(const Request& request) {
  const std::string message = request.SerializeAsString();
  const Result<ModelRequest> decoded = DecodeGrpcRequest(message);
  EXPECT_FALSE(decoded);
  return decoded ? Error() : decoded.error();
}

struct RawCase {
  std::string type;
  std::size_t element_bytes;
};

TEST(InferCodecTest, EveryDatatypeTravelsRawByteForByte) {
  for (const RawCase& one : std::vector<RawCase>{{"BOOL", 1},
                                                 {"UINT8", 1},
                                                 {"UINT16", 2},
                                                 {"UINT32", 4},
                                                 {"UINT64", 8},
                                                 {"INT8", 1},
                                                 {"INT16", 2},
                                                 {"INT32", 4},
                                                 {"INT64", 8},
                                                 {"FP16", 2},
                                                 {"FP32", 4},
                                                 {"FP64", 8},
                                                 {"BF16", 2}}) {
    Request request;
    AddInput(request, "x", one.type, {3, 1});
    std::string raw(3 * one.element_bytes, '\x01');
    raw.back() = '\x00';
    request.add_raw_input_contents(raw);
    const ModelRequest decoded = Decoded(request);
    ASSERT_EQ(decoded.inputs.size(), 1U) << one.type;
    EXPECT_EQ(models::ToText(decoded.inputs[0].type), one.type);
    EXPECT_THAT(decoded.inputs[0].shape, ElementsAre(3, 1));
    const models::ModelInfo model{"m", "1", "p", {}, {}};
    inference::ModelInferResponse response;
    ASSERT_TRUE(
        response.ParseFromString(EncodeGrpcResponse(model, std::nullopt, decoded.inputs)->body));
    EXPECT_EQ(response.raw_output_contents(0), raw) << one.type;
    EXPECT_EQ(response.outputs(0).datatype(), one.type);
    EXPECT_THAT(response.outputs(0).shape(), ElementsAre(3, 1));
  }
}

TEST(InferCodecTest, AlignedRawElementsAreBorrowedAndOthersCopied) {
  for (std::size_t offset = 0; offset < sizeof(float); ++offset) {
    Request request;
    AddInput(request, "x", "FP32", {2});
    request.add_raw_input_contents(Bytes<float>({1.5F, -2}));
    alignas(8) std::array<char, 256> memory{};
    const std::string message = request.SerializeAsString();
    std::memcpy(memory.data() + offset, message.data(), message.size());
    const auto decoded = DecodeGrpcRequest({memory.data() + offset, message.size()});
    ASSERT_TRUE(decoded);
    const models::TensorBytes& raw = decoded->inputs[0].raw;
    const auto* bytes = reinterpret_cast<const char*>(raw.data());
    const bool lies_in_message = bytes >= memory.data() && bytes < memory.data() + memory.size();
    EXPECT_EQ(lies_in_message, raw.is_borrowed());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % sizeof(float), 0U);
    EXPECT_THAT(decoded->inputs[0].As<float>(), ElementsAre(1.5F, -2));
  }
}

TEST(InferCodecTest, EveryDatatypeButTheHalvesTravelsAsContents) {
  Request request;
  AddInput(request, "b", "BOOL", {2}).mutable_contents()->add_bool_contents(true);
  request.mutable_inputs(0)->mutable_contents()->add_bool_contents(false);
  AddInput(request, "i8", "INT8", {1}).mutable_contents()->add_int_contents(-128);
  AddInput(request, "i16", "INT16", {1}).mutable_contents()->add_int_contents(-32768);
  AddInput(request, "i32", "INT32", {1}).mutable_contents()->add_int_contents(-5);
  AddInput(request, "i64", "INT64", {1}).mutable_contents()->add_int64_contents(-(1LL << 60));
  AddInput(request, "u8", "UINT8", {1}).mutable_contents()->add_uint_contents(255);
  AddInput(request, "u16", "UINT16", {1}).mutable_contents()->add_uint_contents(65535);
  AddInput(request, "u32", "UINT32", {1}).mutable_contents()->add_uint_contents(4294967295U);
  AddInput(request, "u64", "UINT64", {1}).mutable_contents()->add_uint64_contents(~0ULL);
  AddInput(request, "f", "FP32", {1}).mutable_contents()->add_fp32_contents(1.5F);
  AddInput(request, "d", "FP64", {1}).mutable_contents()->add_fp64_contents(0.1);
  AddInput(request, "s", "BYTES", {2}).mutable_contents()->add_bytes_contents("a");
  request.mutable_inputs(11)->mutable_contents()->add_bytes_contents(std::string("\0b", 2));
  const ModelRequest decoded = Decoded(request);
  ASSERT_EQ(decoded.inputs.size(), 12U);
  EXPECT_THAT(decoded.inputs[0].As<bool>(), ElementsAre(true, false));
  EXPECT_THAT(decoded.inputs[1].As<std::int8_t>(), ElementsAre(-128));
  EXPECT_THAT(decoded.inputs[2].As<std::int16_t>(), ElementsAre(-32768));
  EXPECT_THAT(decoded.inputs[3].As<std::int32_t>(), ElementsAre(-5));
  EXPECT_THAT(decoded.inputs[4].As<std::int64_t>(), ElementsAre(-(1LL << 60)));
  EXPECT_THAT(decoded.inputs[5].As<std::uint8_t>(), ElementsAre(255));
  EXPECT_THAT(decoded.inputs[6].As<std::uint16_t>(), ElementsAre(65535));
  EXPECT_THAT(decoded.inputs[7].As<std::uint32_t>(), ElementsAre(4294967295U));
  EXPECT_THAT(decoded.inputs[8].As<std::uint64_t>(), ElementsAre(~0ULL));
  EXPECT_THAT(decoded.inputs[9].As<float>(), ElementsAre(1.5F));
  EXPECT_THAT(decoded.inputs[10].As<double>(), ElementsAre(0.1));
  EXPECT_THAT(decoded.inputs[11].strings, ElementsAre("a", std::string("\0b", 2)));
}

TEST(InferCodecTest, ContentsOutOfTheTypesRangeAreNamed) {
  Request request;
  AddInput(request, "x", "INT8", {1}).mutable_contents()->add_int_contents(128);
  const Error error = ErrorOf(request);
  EXPECT_EQ(error.field, "inputs[0].contents.int_contents");
  EXPECT_THAT(error.message, AllOf(HasSubstr("INT8"), HasSubstr("128")));
  request.mutable_inputs(0)->set_datatype("UINT16");
  request.mutable_inputs(0)->mutable_contents()->clear_int_contents();
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(65536);
  EXPECT_THAT(ErrorOf(request).message, HasSubstr("65536"));
}

TEST(InferCodecTest, ContentsOfTheWrongFieldOrNumberAreRefused) {
  Request request;
  AddInput(request, "x", "FP32", {2}).mutable_contents()->add_fp32_contents(1);
  EXPECT_THAT(ErrorOf(request).message,
              AllOf(HasSubstr("fp32_contents"), HasSubstr("2 elements"), HasSubstr("got 1")));
  request.mutable_inputs(0)->mutable_contents()->add_fp64_contents(1);
  EXPECT_THAT(ErrorOf(request).message, HasSubstr("only fp32_contents"));
  request.mutable_inputs(0)->set_datatype("FP16");
  EXPECT_THAT(ErrorOf(request).message, HasSubstr("raw_input_contents"));
}

TEST(InferCodecTest, RawBytesThatDoNotFillTheShapeAreRefused) {
  Request request;
  AddInput(request, "x", "FP32", {2, 2});
  request.add_raw_input_contents(std::string(15, 'x'));
  const Error error = ErrorOf(request);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.field, "raw_input_contents[0]");
  EXPECT_THAT(error.message, AllOf(HasSubstr("16 bytes"), HasSubstr("[2,2]"), HasSubstr("15")));
}

TEST(InferCodecTest, RawTextHasALengthBeforeEachElement) {
  Request request;
  AddInput(request, "s", "BYTES", {3});
  request.add_raw_input_contents(Bytes<std::uint32_t>({1}) + "a" + Bytes<std::uint32_t>({0}) +
                                 Bytes<std::uint32_t>({2}) + "bc");
  EXPECT_THAT(Decoded(request).inputs[0].strings, ElementsAre("a", "", "bc"));
  request.mutable_raw_input_contents(0)->pop_back();
  EXPECT_EQ(ErrorOf(request).field, "raw_input_contents[0]");
}

TEST(InferCodecTest, ContentsBesideRawElementsAreRefused) {
  Request request;
  AddInput(request, "x", "FP32", {1}).mutable_contents()->add_fp32_contents(1);
  request.add_raw_input_contents(Bytes<float>({1}));
  EXPECT_EQ(ErrorOf(request).field, "inputs[0].contents");
}

TEST(InferCodecTest, RawElementsComeForEveryInput) {
  Request request;
  AddInput(request, "x", "FP32", {1});
  AddInput(request, "y", "FP32", {1});
  request.add_raw_input_contents(Bytes<float>({1}));
  EXPECT_EQ(ErrorOf(request).message,
            "raw_input_contents: expected one for each of the 2 inputs, got 1");
}

TEST(InferCodecTest, UnknownTypesAndImpossibleShapesAreRefused) {
  Request request;
  AddInput(request, "x", "FLOAT", {1});
  EXPECT_THAT(ErrorOf(request).message, AllOf(HasSubstr("inputs[0].datatype"), HasSubstr("FLOAT")));
  request.mutable_inputs(0)->set_datatype("FP32");
  request.mutable_inputs(0)->set_shape(0, -1);
  EXPECT_EQ(ErrorOf(request).field, "inputs[0].shape");
  request.mutable_inputs(0)->set_shape(0, std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(ErrorOf(request).message, HasSubstr("2^40"));
}

TEST(InferCodecTest, AnOutputMayBeAskedForAsItsLargestElements) {
  Request request;
  (*request.add_outputs()->mutable_parameters())["classification"].set_int64_param(2);
  request.add_outputs()->set_name("z");
  const ModelRequest decoded = Decoded(request);
  models::Tensor scores;
  scores.name = "y";
  scores.type = DataType::kInt32;
  scores.shape = {3};
  scores.raw.resize(3 * sizeof(std::int32_t));
  scores.As<std::int32_t>()[1] = 7;
  const models::ModelInfo model{"m", "1", "p", {}, {}, {{"y", {"ant", "bee", "cat"}}}};
  const std::vector<models::Tensor> outputs = {scores, scores};
  const auto outcome = EncodeGrpcResponse(model, std::nullopt, outputs, decoded.forms);
  ASSERT_TRUE(outcome) << outcome.error().message;
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(outcome->body));
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(response.raw_output_contents(0), HasSubstr("7:1:bee"));
  EXPECT_EQ(response.outputs(1).datatype(), "INT32");
  request.mutable_outputs(0)->mutable_parameters()->at("classification").set_int64_param(0);
  EXPECT_EQ(ErrorOf(request).field, "outputs[0].parameters.classification");
}

TEST(InferCodecTest, SharedMemoryIsNotServed) {
  Request request;
  auto& input = AddInput(request, "x", "FP32", {1});
  (*input.mutable_parameters())["shared_memory_region"].set_string_param("r");
  EXPECT_EQ(ErrorOf(request).field, "inputs[0].parameters.shared_memory_region");
  input.clear_parameters();
  input.mutable_contents()->add_fp32_contents(1);
  (*request.add_outputs()->mutable_parameters())["shared_memory_region"].set_string_param("r");
  EXPECT_EQ(ErrorOf(request).field, "outputs[0].parameters.shared_memory_region");
}

TEST(InferCodecTest, NamesOfOutputsIdAndTimeoutAreRead) {
  Request request;
  request.add_outputs()->set_name("b");
  request.add_outputs()->set_name("a");
  request.set_id("7");
  (*request.mutable_parameters())["timeout"].set_int64_param(250);
  const ModelRequest decoded = Decoded(request);
  EXPECT_THAT(decoded.outputs, ElementsAre("b", "a"));
  EXPECT_EQ(decoded.id, "7");
  EXPECT_EQ(decoded.timeout, std::chrono::microseconds(250));
  EXPECT_FALSE(Decoded({}).id);
}

TEST(InferCodecTest, FieldsMayComeInAnyOrder) {
  Request head;
  AddInput(head, "x", "FP32", {1});
  Request raw;
  raw.add_raw_input_contents(Bytes<float>({4}));
  Request id;
  id.set_id("z");
  const std::string message =
      raw.SerializeAsString() + id.SerializeAsString() + head.SerializeAsString();
  const auto decoded = DecodeGrpcRequest(message);
  ASSERT_TRUE(decoded);
  EXPECT_THAT(decoded->inputs[0].As<float>(), ElementsAre(4));
  EXPECT_EQ(decoded->id, "z");
}

TEST(InferCodecTest, WhatIsNoMessageIsRefused) {
  for (const std::string_view text : {"nonsense",
                                      "\x0a\x05"
                                      "ab",
                                      "\x0a\x01\xff"}) {
    const auto decoded = DecodeGrpcRequest(text);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(decoded.error().message, HasSubstr("ModelInferRequest"));
  }
}

TEST(InferCodecTest, AResponseWithoutItsOwnPartIsOneWithoutAnId) {
  models::Tensor tensor;
  tensor.name = "s";
  tensor.type = DataType::kBytes;
  tensor.shape = {2};
  tensor.strings = {"a", ""};
  const models::ModelInfo model{"m", "2", "p", {}, {}};
  const std::vector<models::Tensor> outputs = {tensor};
  serve::Outcome outcome = EncodeGrpcResponse(model, "42", outputs).value();
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(outcome.body));
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.model_version(), "2");
  EXPECT_EQ(response.id(), "42");
  EXPECT_EQ(response.raw_output_contents(0),
            Bytes<std::uint32_t>({1}) + "a" + Bytes<std::uint32_t>({0}));
  outcome.body.erase(outcome.own_begin, outcome.own_size);
  EXPECT_EQ(outcome.body, EncodeGrpcResponse(model, std::nullopt, outputs)->body);
}

TEST(InferCodecTest, ARequestThatWeEncodeIsDecodedAgain) {
  models::Tensor tensor;
  tensor.name = "x";
  tensor.type = DataType::kFp32;
  tensor.shape = {1, 2};
  tensor.raw.resize(2 * sizeof(float));
  tensor.As<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  const std::string message = EncodeGrpcRequest(std::vector<models::Tensor>{tensor}).value();
  const auto decoded = DecodeGrpcRequest(message);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->inputs[0].name, "x");
  EXPECT_EQ(decoded->inputs[0].shape, tensor.shape);
  EXPECT_EQ(decoded->inputs[0].raw, tensor.raw);
}

}  // namespace
}  // namespace baton::api
