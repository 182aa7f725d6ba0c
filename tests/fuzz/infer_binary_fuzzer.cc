// Inference bodies with raw tensors behind their JSON: what is taken reads as the same tensors
// however it is written again, and holds what its shape says.
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "server/api/infer_request.h"
#include "server/api/infer_response.h"
#include "server/api/json.h"
#include "server/api/tensor_types.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/plain_json.h"

namespace baton::fuzz {
namespace {

using api::InferBody;
using api::InferRequest;
using models::DataType;
using models::Tensor;

const models::ModelInfo& Model() {
  static const models::ModelInfo model{
      "m", "1", "fuzz", {{"x", DataType::kFp32, {-1, 3}}}, {{"x", DataType::kFp32, {-1, 3}}}};
  return model;
}

bool IsSame(const Tensor& a, const Tensor& b) {
  return a.name == b.name && a.type == b.type && a.shape == b.shape && a.raw == b.raw &&
         a.strings == b.strings;
}

void CheckTensor(const Tensor& tensor) {
  const auto count = models::ElementCount(tensor.shape);
  Require(count.has_value(), "a shape is one");
  RequireEqual(tensor.raw.size(), *count * models::ElementSize(tensor.type), "bytes of a tensor");
  RequireEqual(tensor.strings.size(), tensor.type == DataType::kBytes ? *count : 0,
               "strings of a tensor");
  const auto place = reinterpret_cast<std::uintptr_t>(tensor.raw.data());
  if (!tensor.raw.empty()) {
    RequireEqual(place % models::ElementSize(tensor.type), std::uintptr_t{0}, "alignment");
  }
  if (tensor.type != DataType::kBool) return;
  for (const std::byte byte : tensor.raw) Require(byte <= std::byte{1}, "a BOOL is 0 or 1");
}

void CheckReadsBack(const InferBody& written, const std::vector<Tensor>& inputs) {
  const std::string body = api::PaddedCopy(written.text);
  const auto again = api::DecodeInferRequest(body, written.json_bytes, Model());
  if (!again) Fail("written, but not read again: " + again.error().message);
  RequireEqual(again->inputs.size(), inputs.size(), "inputs");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CheckTensor(again->inputs[i]);
    Require(IsSame(again->inputs[i], inputs[i]), "tensors survive being written and read",
            written.text);
  }
}

// Every other output raw.
void CheckResponse(const InferRequest& request) {
  api::OutputForms forms;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) forms.of_named.push_back({i % 2 == 0, 0});
  const auto response = api::EncodeInferResponse(Model(), request.id, request.inputs, forms);
  if (!response) return;  // there are values without a JSON form
  const std::size_t json_bytes = response->json_bytes.value_or(response->text.size());
  Require(json_bytes <= response->text.size(), "the JSON lies in the answer");
  std::string json = response->text.substr(0, json_bytes);
  Require(ParsePlainJson(json, api::kUsualJsonDepth).has_value(), "an answer's front is JSON",
          json);
  json.erase(response->id_begin, response->id_size);
  Require(ParsePlainJson(json, api::kUsualJsonDepth).has_value(), "and without its id", json);
}

void CheckBody(const std::string& body, std::optional<std::size_t> json_bytes) {
  const auto request = api::DecodeInferRequest(body, json_bytes, Model());
  if (!request) {
    return Require(!request.error().message.empty(), "an error says what is wrong");
  }
  for (const Tensor& tensor : request->inputs) CheckTensor(tensor);
  const auto raw = api::EncodeInferRequest(request->inputs, true);
  Require(raw.has_value(), "what was read is written raw");
  CheckReadsBack(*raw, request->inputs);
  // NaN, infinities and text that is not UTF-8 have no JSON form.
  if (const auto json = api::EncodeInferRequest(request->inputs)) {
    CheckReadsBack(*json, request->inputs);
  }
  CheckResponse(*request);
}

}  // namespace
}  // namespace baton::fuzz

// The first two bytes are the size of the JSON, or say that there is no header.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint16_t kNone = 0xFFFF;
  std::uint16_t said = 0;
  if (size < sizeof(said)) return 0;
  std::memcpy(&said, data, sizeof(said));
  const std::string body =
      baton::api::PaddedCopy(baton::fuzz::AsText(data + sizeof(said), size - sizeof(said)));
  baton::fuzz::CheckBody(body, said == kNone ? std::nullopt : std::optional<std::size_t>(said));
  return 0;
}
