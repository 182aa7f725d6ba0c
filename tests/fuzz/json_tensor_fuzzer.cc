// Bodies of inference requests: JSON is read as RFC 8259 has it, and tensors survive being written
// and read again, bit by bit.
#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/api/body_scan.h"
#include "server/api/infer_request.h"
#include "server/api/infer_response.h"
#include "server/api/json.h"
#include "server/api/json_syntax.h"
#include "server/api/tensor_json.h"
#include "server/api/tensor_types.h"
#include "server/base/json_writer.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/plain_json.h"

namespace baton::fuzz {
namespace {

using api::InferRequest;
using api::JsonKind;
using api::JsonValue;
using models::Tensor;

bool IsSame(const JsonValue& got, const PlainJson& plain);

struct SameAs {
  const JsonValue& got;

  bool operator()(std::nullptr_t) const { return got.kind() == JsonKind::kNull; }
  bool operator()(bool value) const { return got.kind() == JsonKind::kBool && got.Bool() == value; }
  bool operator()(std::int64_t value) const {
    return got.kind() == JsonKind::kInt64 && got.Int64() == value;
  }
  bool operator()(std::uint64_t value) const {
    return got.kind() == JsonKind::kUint64 && got.Uint64() == value;
  }
  bool operator()(double value) const {
    return got.kind() == JsonKind::kDouble &&
           std::bit_cast<std::uint64_t>(got.Double()) == std::bit_cast<std::uint64_t>(value);
  }
  bool operator()(const std::string& value) const { return got.IsString() && got.Text() == value; }
  bool operator()(const PlainJson::List& list) const {
    if (!got.IsArray() || got.Size() != list.size()) return false;
    api::JsonElements elements(got);
    for (const PlainJson& item : list) {
      if (!IsSame(*elements.Next(), item)) return false;
    }
    return !elements.Next();
  }
  bool operator()(const PlainJson::Members& all) const {
    if (!got.IsObject() || got.Size() != all.size()) return false;
    api::JsonMembers members(got);
    for (const auto& [key, value] : all) {
      const auto member = members.Next();
      if (member->key != key || !IsSame(member->value, value)) return false;
    }
    return !members.Next();
  }
};

bool IsSame(const JsonValue& got, const PlainJson& plain) {
  return std::visit(SameAs{got}, plain.value);
}

void CheckJson(const std::string& body) {
  const auto plain = ParsePlainJson(body, api::kUsualJsonDepth);
  const auto got = api::ParseJson(body);
  if (got && !plain) Fail("taken, but no JSON by the book");
  if (plain && !got) Fail("JSON by the book, but refused: " + got.error().message);
  if (got) Require(IsSame(*got, *plain), "a document reads as it is written");
  if (!got) Require(api::IsUtf8(got.error().message) || !api::IsUtf8(body), "a message is UTF-8");
  const auto fault = api::FindSyntaxError(body, api::kUsualJsonDepth);
  Require(!got || !fault, "no syntax error in a document that is taken");
  Require(!fault || *fault <= body.size(), "a syntax error lies in the text");
}

bool IsSame(const Tensor& a, const Tensor& b) {
  return a.name == b.name && a.type == b.type && a.shape == b.shape && a.raw == b.raw &&
         a.strings == b.strings;
}

bool AreSame(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!IsSame(a[i], b[i])) return false;
  }
  return true;
}

void CheckSizes(const Tensor& tensor) {
  const auto count = models::ElementCount(tensor.shape);
  Require(count.has_value(), "a shape is one");
  RequireEqual(tensor.raw.size(), *count * models::ElementSize(tensor.type), "bytes of a tensor");
  const bool has_text = tensor.type == models::DataType::kBytes;
  RequireEqual(tensor.strings.size(), has_text ? *count : 0, "strings of a tensor");
}

// The inputs again, each as arrays nested by its shape.
std::string NestedRequest(const std::vector<Tensor>& inputs) {
  std::string body = R"({"inputs":[)";
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& tensor = inputs[i];
    body += i > 0 ? R"(,{"name":)" : R"({"name":)";
    AppendJsonString(body, tensor.name);
    body += R"(,"datatype":")" + std::string(models::ToText(tensor.type)) + R"(","shape":)" +
            models::ToText(tensor.shape) + R"(,"data":)";
    const bool is_scalar = tensor.shape.empty();
    if (is_scalar) body += '[';
    Require(api::AppendNested(body, tensor, tensor.shape, 0).has_value(),
            "what was read is written");
    body += is_scalar ? "]}" : "}";
  }
  return body + "]}";
}

void CheckReadsBack(const std::vector<Tensor>& inputs, const std::string& body) {
  const auto again = api::DecodeInferRequest(body);
  if (!again) Fail("written, but not read again: " + again.error().message + "\n" + body);
  Require(AreSame(again->inputs, inputs), "tensors survive being written and read", body);
}

void CheckResponse(const InferRequest& request) {
  models::ModelInfo model;
  model.name = "m";
  model.version = "1";
  const auto response = api::EncodeInferResponse(model, request.id, request.inputs);
  Require(response.has_value(), "what was read can be answered");
  Require(ParsePlainJson(response->text, api::kUsualJsonDepth).has_value(), "an answer is JSON",
          response->text);
  std::string without_id = response->text;
  without_id.erase(response->id_begin, response->id_size);
  const auto document = ParsePlainJson(without_id, api::kUsualJsonDepth);
  Require(document.has_value(), "an answer without its id is JSON", without_id);
  for (const auto& [key, value] : std::get<PlainJson::Members>(document->value)) {
    Require(key != "id", "the id was taken out", without_id);
  }
}

// What is known before a body is decoded is what decoding says.
void CheckScan(const std::string& body, const InferRequest& request) {
  const api::BodyAsk ask = api::ScanBody(body);
  Require(!ask.timeout || ask.timeout == request.timeout, "a timeout that was scanned");
  Require(!ask.priority || ask.priority == request.priority, "a priority that was scanned");
  if (!ask.id.empty()) {
    const auto id = ParsePlainJson(ask.id, 1);
    Require(id && request.id && std::get<std::string>(id->value) == *request.id,
            "an id that was scanned", ask.id);
  }
  if (!ask.saw_all) return;
  Require(ask.timeout == request.timeout, "a timeout that was not scanned");
  Require(ask.priority == request.priority, "a priority that was not scanned");
}

// A nested form says nothing of the dimensions behind an empty one, so those stay flat.
bool HasNestedForm(const Tensor& tensor) {
  return tensor.shape.empty() || models::ElementCount(tensor.shape) != std::size_t{0};
}

void CheckRequest(const std::string& body) {
  const auto request = api::DecodeInferRequest(body);
  const auto padded = api::DecodeInferRequest(api::PaddedCopy(body));
  Require(request.has_value() == padded.has_value(), "a body in place reads as its copy");
  if (!request) {
    Require(!request.error().message.empty(), "an error says what is wrong");
    return RequireEqual(padded.error().message, request.error().message, "the error of a copy");
  }
  Require(AreSame(padded->inputs, request->inputs), "a body in place reads as its copy");
  bool has_nested_form = true;
  for (const Tensor& tensor : request->inputs) {
    CheckSizes(tensor);
    has_nested_form = has_nested_form && HasNestedForm(tensor);
  }
  const auto encoded = api::EncodeInferRequest(request->inputs);
  Require(encoded.has_value(), "what was read is written");
  CheckReadsBack(request->inputs, encoded->text);
  if (has_nested_form) CheckReadsBack(request->inputs, NestedRequest(request->inputs));
  CheckResponse(*request);
  CheckScan(body, *request);
}

}  // namespace
}  // namespace baton::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(baton::fuzz::AsText(data, size));
  baton::fuzz::CheckJson(body);
  baton::fuzz::CheckRequest(body);
  return 0;
}
