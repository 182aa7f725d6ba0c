// A declared JSON constant in the protocol's gRPC form.
#include <utility>
#include <vector>

#include "server/api/grpc/infer_codec.h"
#include "server/api/json.h"
#include "server/api/tensor_json.h"

namespace baton::api {
namespace {

std::optional<models::Tensor> ReadOutput(const JsonValue& value) {
  if (!value.IsObject()) return std::nullopt;
  models::Tensor tensor;
  std::optional<JsonValue> data;
  std::string type;
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    const JsonValue& inside = member->value;
    bool is_read = true;
    if (member->key == "name") is_read = inside.Read(tensor.name);
    if (member->key == "datatype") is_read = inside.Read(type);
    if (member->key == "shape") {
      if (!inside.IsArray()) return std::nullopt;
      tensor.shape.resize(inside.Size());
      is_read = inside.ReadElements(std::span(tensor.shape)) == tensor.shape.size();
    }
    if (member->key == "data") data = inside;
    if (!is_read) return std::nullopt;
  }
  const auto known = models::DataTypeFromText(type);
  if (!known || !data || !models::ElementCount(tensor.shape)) return std::nullopt;
  tensor.type = *known;
  if (!ReadTensor(*data, tensor, DataPlace{"outputs", 0, "data"})) return std::nullopt;
  return tensor;
}

std::optional<std::vector<models::Tensor>> ReadOutputs(const JsonValue& value) {
  if (!value.IsArray()) return std::nullopt;
  std::vector<models::Tensor> tensors;
  JsonElements elements(value);
  while (const auto element = elements.Next()) {
    auto tensor = ReadOutput(*element);
    if (!tensor) return std::nullopt;
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::optional<std::string> GrpcConstant(const std::string& json) {
  const auto document = ParseJsonObject(json);
  if (!document) return std::nullopt;
  models::ModelInfo model;
  std::optional<std::vector<models::Tensor>> outputs;
  JsonMembers members(*document);
  while (const auto member = members.Next()) {
    if (member->key == "outputs") outputs = ReadOutputs(member->value);
    if (member->key == "model_name") static_cast<void>(member->value.Read(model.name));
    if (member->key == "model_version") static_cast<void>(member->value.Read(model.version));
  }
  if (!outputs) return std::nullopt;
  auto encoded = EncodeGrpcResponse(model, std::nullopt, *outputs);
  if (!encoded) return std::nullopt;
  return std::move(encoded->body);
}

}  // namespace baton::api
