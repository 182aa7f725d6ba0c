// Encoding of outputs, straight into one string.
#include "server/api/infer_response.h"

#include "server/api/tensor_json.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

// A guess that saves growing: most numbers take no more.
constexpr std::size_t kBytesPerElement = 12;
constexpr std::size_t kBytesPerOutput = 96;

std::size_t CountElements(const models::Tensor& tensor) {
  return models::ElementCount(tensor.shape).value_or(0);
}

Status AppendOutput(std::string& out, const models::Tensor& tensor) {
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

}  // namespace

Result<std::string> EncodeInferResponse(const models::ModelInfo& model,
                                        const std::optional<std::string>& id,
                                        std::span<const models::Tensor> outputs) {
  std::size_t size = 2 * kBytesPerOutput;
  for (const models::Tensor& tensor : outputs) {
    size += kBytesPerOutput + CountElements(tensor) * kBytesPerElement;
  }
  std::string out;
  out.reserve(size);
  out += R"({"model_name":)";
  AppendJsonString(out, model.name);
  out += R"(,"model_version":)";
  AppendJsonString(out, model.version);
  if (id) {
    out += R"(,"id":)";
    AppendJsonString(out, *id);
  }
  out += R"(,"outputs":[)";
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i > 0) out += ',';
    Status status = AppendOutput(out, outputs[i]);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  out += "]}";
  return out;
}

}  // namespace baton::api
