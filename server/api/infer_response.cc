// Encoding of tensors, straight into one string.
#include "server/api/infer_response.h"

#include "server/api/tensor_json.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

// A guess that saves growing: most numbers take no more.
constexpr std::size_t kBytesPerElement = 12;
constexpr std::size_t kBytesPerTensor = 96;

std::size_t CountElements(const models::Tensor& tensor) {
  return models::ElementCount(tensor.shape).value_or(0);
}

Status AppendTensor(std::string& out, const models::Tensor& tensor) {
  out += R"({"name":)";
  AppendJsonString(out, tensor.name);
  out += R"(,"datatype":")";
  out += models::ToText(tensor.type);
  out += R"(","shape":)";
  out += models::ToText(tensor.shape);
  out += R"(,"data":[)";
  Status status = AppendElements(out, tensor, 0, CountElements(tensor));
  out += "]}";
  return status;
}

// Ends the array and the object around it.
Status AppendTensors(std::string& out, std::span<const models::Tensor> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (i > 0) out += ',';
    Status status = AppendTensor(out, tensors[i]);
    if (!status) return status;
  }
  out += "]}";
  return {};
}

std::string RoomFor(std::span<const models::Tensor> tensors) {
  std::size_t size = 2 * kBytesPerTensor;
  for (const models::Tensor& tensor : tensors) {
    size += kBytesPerTensor + CountElements(tensor) * kBytesPerElement;
  }
  std::string out;
  out.reserve(size);
  return out;
}

}  // namespace

Result<InferResponse> EncodeInferResponse(const models::ModelInfo& model,
                                          const std::optional<std::string>& id,
                                          std::span<const models::Tensor> outputs) {
  InferResponse response;
  std::string& out = response.body;
  out = RoomFor(outputs);
  out += R"({"model_name":)";
  AppendJsonString(out, model.name);
  out += R"(,"model_version":)";
  AppendJsonString(out, model.version);
  if (id) {
    response.id_begin = out.size();
    out += R"(,"id":)";
    AppendJsonString(out, *id);
    response.id_size = out.size() - response.id_begin;
  }
  out += R"(,"outputs":[)";
  Status status = AppendTensors(out, outputs);
  if (!status) return tl::unexpected(std::move(status.error()));
  return response;
}

Result<std::string> EncodeInferRequest(std::span<const models::Tensor> inputs) {
  std::string out = RoomFor(inputs);
  out += R"({"inputs":[)";
  Status status = AppendTensors(out, inputs);
  if (!status) return tl::unexpected(std::move(status.error()));
  return out;
}

}  // namespace baton::api
