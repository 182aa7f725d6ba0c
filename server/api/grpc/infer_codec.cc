// What surrounds the elements, by protobuf; the elements themselves go past it.
#include "server/api/grpc/infer_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "inference/grpc_service.pb.h"
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include "server/api/bad_input.h"
#include "server/api/budget_headers.h"
#include "server/api/classification.h"
#include "server/api/grpc/field_count.h"
#include "server/api/grpc/typed_contents.h"
#include "server/api/grpc/wire_format.h"
#include "server/api/tensor_raw.h"
#include "server/models/batch.h"

namespace baton::api {
namespace {

using google::protobuf::Arena;
using models::Tensor;
using Parameters = google::protobuf::Map<std::string, inference::InferParameter>;

// The protocol's numbers.
constexpr std::uint32_t kRawInputs = 7;   // ModelInferRequest
constexpr std::uint32_t kResponseId = 3;  // ModelInferResponse
constexpr std::uint32_t kRawOutputs = 6;  // ModelInferResponse

constexpr std::size_t kArenaStartBytes = 2048;

std::string Field(std::string_view list, int index, std::string_view member) {
  std::string text(list);
  text.append("[").append(std::to_string(index)).append("]");
  if (!member.empty()) text.append(".").append(member);
  return text;
}

tl::unexpected<Error> Bad(std::string field, std::string_view expected, std::string_view got) {
  return tl::unexpected(BadInput(std::move(field), expected, got));
}

bool Merge(std::string_view part, inference::ModelInferRequest& request) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(part.data()),
                                               static_cast<int>(part.size()));
  return request.MergeFromCodedStream(&input) && input.ConsumedEntireMessage();
}

// Takes the raw elements out, and gives protobuf the rest.
Status Split(std::string_view message, inference::ModelInferRequest& request,
             std::vector<std::string_view>& raw) {
  const tl::unexpected<Error> malformed = Fail(ErrorCode::kInvalidArgument, kNoInferRequest);
  constexpr std::size_t kLargestMessage = std::size_t{1} << 30U;
  if (message.size() > kLargestMessage) return malformed;
  if (Status status = CheckFieldCount(message); !status) return status;
  const char* rest = message.data();  // where what is not raw began
  WireReader fields(message);
  while (const auto field = fields.Next()) {
    if (field->number != kRawInputs || field->kind != WireField::Kind::kBytes) continue;
    raw.push_back(field->bytes);
    const auto size = static_cast<std::size_t>(field->whole.data() - rest);
    if (size > 0 && !Merge({rest, size}, request)) return malformed;
    rest = field->whole.data() + field->whole.size();
  }
  if (fields.is_malformed()) return malformed;
  const auto size = static_cast<std::size_t>(message.data() + message.size() - rest);
  if (size > 0 && !Merge({rest, size}, request)) return malformed;
  return {};
}

Status CheckNotShared(const Parameters& parameters, std::string_view list, int index) {
  constexpr const char* kKey = "shared_memory_region";
  if (!parameters.contains(kKey)) return {};
  const std::string field = Field(list, index, "parameters.") + kKey;
  return Fail(ErrorCode::kInvalidArgument,
              field + ": not served, expected tensors in the messages themselves", field);
}

Status ReadShape(const inference::ModelInferRequest::InferInputTensor& input, int index,
                 models::Shape& shape) {
  shape.assign(input.shape().begin(), input.shape().end());
  for (const std::int64_t size : shape) {
    if (size < 0) {
      return Bad(Field("inputs", index, "shape"), "whole numbers from 0", models::ToText(shape));
    }
  }
  if (models::ElementCount(shape)) return {};
  return Bad(Field("inputs", index, "shape"), "at most 2^40 elements", models::ToText(shape));
}

// All but the elements.
Status ReadInput(const inference::ModelInferRequest::InferInputTensor& input, int index,
                 Tensor& tensor) {
  if (Status status = CheckNotShared(input.parameters(), "inputs", index); !status) return status;
  tensor.name = input.name();
  const auto type = models::DataTypeFromText(input.datatype());
  if (!type) {
    return Bad(Field("inputs", index, "datatype"),
               "one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, "
               "FP64, BYTES, BF16",
               Quoted(input.datatype()));
  }
  tensor.type = *type;
  return ReadShape(input, index, tensor.shape);
}

Status CheckRawCount(const inference::ModelInferRequest& request, std::size_t raw) {
  if (raw == 0) return {};
  const int inputs = request.inputs_size();
  for (int i = 0; i < inputs; ++i) {
    if (request.inputs(i).has_contents()) {
      return Bad(Field("inputs", i, "contents"), "nothing beside raw_input_contents",
                 "elements in both");
    }
  }
  if (raw == static_cast<std::size_t>(inputs)) return {};
  return Bad("raw_input_contents", "one for each of the " + std::to_string(inputs) + " inputs",
             std::to_string(raw));
}

Status ReadInputs(const inference::ModelInferRequest& request,
                  const std::vector<std::string_view>& raw, std::vector<Tensor>& tensors) {
  if (Status status = CheckRawCount(request, raw.size()); !status) return status;
  tensors.reserve(static_cast<std::size_t>(request.inputs_size()));
  for (int i = 0; i < request.inputs_size(); ++i) {
    const auto& input = request.inputs(i);
    Tensor& tensor = tensors.emplace_back();
    Status status = ReadInput(input, i, tensor);
    if (!status) return status;
    if (raw.empty()) {
      status = ReadContents(input.contents(), Field("inputs", i, "contents"), tensor);
    } else {
      const auto bytes = std::as_bytes(std::span(raw[static_cast<std::size_t>(i)]));
      status = ReadRawElements(bytes, tensor,
                               DataPlace{"raw_input_contents", static_cast<std::size_t>(i), {}});
    }
    if (!status) return status;
  }
  return {};
}

// None where it is no whole number from 0.
std::optional<std::uint64_t> WholeNumber(const inference::InferParameter& value) {
  if (value.has_uint64_param()) return value.uint64_param();
  if (value.has_int64_param() && value.int64_param() >= 0) {
    return static_cast<std::uint64_t>(value.int64_param());
  }
  return std::nullopt;
}

Status ReadForm(const Parameters& parameters, int index, OutputForm& form) {
  form.is_raw = true;
  const auto found = parameters.find("classification");
  if (found == parameters.end()) return {};
  const auto classes = WholeNumber(found->second);
  if (!classes || *classes == 0) {
    return Bad(Field("outputs", index, "parameters.classification"), "a whole number from 1",
               "another value");
  }
  form.classes = static_cast<std::size_t>(*classes);
  return {};
}

Status ReadOutputs(const inference::ModelInferRequest& request, ModelRequest& decoded) {
  for (int i = 0; i < request.outputs_size(); ++i) {
    const auto& output = request.outputs(i);
    Status status = CheckNotShared(output.parameters(), "outputs", i);
    if (status) status = ReadForm(output.parameters(), i, decoded.forms.of_named.emplace_back());
    if (!status) return status;
    decoded.outputs.push_back(output.name());
  }
  return {};
}

std::optional<Duration> TimeoutOf(const Parameters& parameters) {
  const auto found = parameters.find("timeout");
  if (found == parameters.end()) return std::nullopt;
  return TimeoutFromMicros(WholeNumber(found->second).value_or(0));
}

bool HasClasses(const OutputForms& forms) {
  return std::any_of(forms.of_named.begin(), forms.of_named.end(),
                     [](const OutputForm& form) { return form.classes > 0; });
}

// Those with classes as text, the others as they are.
Result<std::vector<Tensor>> Classified(const models::ModelInfo& model,
                                       std::span<const Tensor> outputs, const OutputForms& forms) {
  std::vector<Tensor> made;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t classes = forms.Of(i).classes;
    if (classes == 0) {
      made.push_back(outputs[i]);
      continue;
    }
    const auto labels = model.labels.find(outputs[i].name);
    auto text = Classify(
        outputs[i], classes, models::HasBatchDimension(model),
        labels == model.labels.end() ? std::span<const std::string>() : std::span(labels->second));
    if (!text) return tl::unexpected(std::move(text.error()));
    made.push_back(*std::move(text));
  }
  return made;
}

template <typename Described>
void Describe(const Tensor& tensor, Described& out) {
  out.set_name(tensor.name);
  const std::string_view type = models::ToText(tensor.type);
  out.set_datatype(type.data(), type.size());
  out.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
}

// `head`, and behind it the elements of `tensors`.
template <typename Message>
Status AppendRawly(std::string& out, const Message& head, std::span<const Tensor> tensors,
                   std::uint32_t raw_field) {
  std::size_t size = out.size() + head.ByteSizeLong();
  std::vector<std::size_t> sizes;
  for (const Tensor& tensor : tensors) {
    const auto bytes = RawSize(tensor);
    if (!bytes) return tl::unexpected(bytes.error());
    sizes.push_back(*bytes);
    size += BytesFieldSize(raw_field, *bytes);
  }
  out.reserve(size);
  head.AppendToString(&out);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    AppendBytesHead(out, raw_field, sizes[i]);
    AppendRawElements(out, tensors[i]);
  }
  return {};
}

}  // namespace

Result<ModelRequest> DecodeGrpcRequest(std::string_view message) {
  alignas(std::max_align_t) std::array<char, kArenaStartBytes> first_block;
  google::protobuf::ArenaOptions options;
  options.initial_block = first_block.data();
  options.initial_block_size = first_block.size();
  Arena arena(options);
  auto& request = *Arena::CreateMessage<inference::ModelInferRequest>(&arena);
  std::vector<std::string_view> raw;
  ModelRequest decoded;
  Status status = Split(message, request, raw);
  if (status) status = ReadInputs(request, raw, decoded.inputs);
  if (status) status = ReadOutputs(request, decoded);
  if (!status) return tl::unexpected(std::move(status.error()));
  if (!request.id().empty()) decoded.id = request.id();
  decoded.timeout = TimeoutOf(request.parameters());
  return decoded;
}

Result<serve::Outcome> EncodeGrpcResponse(const models::ModelInfo& model,
                                          const std::optional<std::string>& id,
                                          std::span<const Tensor> outputs,
                                          const OutputForms& forms) {
  if (HasClasses(forms)) {
    const auto classified = Classified(model, outputs, forms);
    if (!classified) return tl::unexpected(classified.error());
    return EncodeGrpcResponse(model, id, *classified);
  }
  inference::ModelInferResponse head;
  head.set_model_name(model.name);
  head.set_model_version(model.version);
  for (const Tensor& tensor : outputs) Describe(tensor, *head.add_outputs());
  serve::Outcome outcome;
  if (id) AppendBytesField(outcome.body, kResponseId, *id);
  outcome.own_size = outcome.body.size();
  Status status = AppendRawly(outcome.body, head, outputs, kRawOutputs);
  if (!status) return tl::unexpected(std::move(status.error()));
  return outcome;
}

Result<std::string> EncodeGrpcRequest(std::span<const Tensor> inputs) {
  inference::ModelInferRequest head;
  for (const Tensor& tensor : inputs) Describe(tensor, *head.add_inputs());
  std::string message;
  Status status = AppendRawly(message, head, inputs, kRawInputs);
  if (!status) return tl::unexpected(std::move(status.error()));
  return message;
}

}  // namespace baton::api
