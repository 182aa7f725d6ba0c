// Encoding of tensors, straight into one string.
#include "server/api/infer_response.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/api/classification.h"
#include "server/api/tensor_json.h"
#include "server/api/tensor_raw.h"
#include "server/api/tensor_types.h"
#include "server/base/json_writer.h"
#include "server/models/batch.h"

namespace baton::api {
namespace {

// A guess that saves growing: most numbers take no more.
constexpr std::size_t kBytesPerElement = 12;
constexpr std::size_t kBytesPerTensor = 128;

std::size_t CountElements(const models::Tensor& tensor) {
  return models::ElementCount(tensor.shape).value_or(0);
}

// A tensor and how it goes into a body.
struct Placed {
  const models::Tensor* tensor = nullptr;
  bool is_raw = false;
};

std::size_t RoomFor(const Placed& placed) {
  if (!placed.is_raw) return kBytesPerTensor + CountElements(*placed.tensor) * kBytesPerElement;
  return kBytesPerTensor + RawSize(*placed.tensor).value_or(0);
}

// How the tensors of a body are found, one by one.
template <typename At>
struct Placing {
  std::size_t count = 0;
  At at;  // the Placed at an index
};
template <typename At>
Placing(std::size_t, At) -> Placing<At>;

template <typename At>
std::string RoomFor(const Placing<At>& all) {
  std::size_t size = 2 * kBytesPerTensor;
  for (std::size_t i = 0; i < all.count; ++i) size += RoomFor(all.at(i));
  std::string out;
  out.reserve(size);
  return out;
}

Status AppendRawSize(std::string& out, const models::Tensor& tensor) {
  const auto size = RawSize(tensor);
  if (!size) return tl::unexpected(size.error());
  out += R"(,"parameters":{"binary_data_size":)";
  out += std::to_string(*size);
  out += "}}";
  return {};
}

Status AppendTensor(std::string& out, const Placed& placed) {
  const models::Tensor& tensor = *placed.tensor;
  out += R"({"name":)";
  AppendJsonString(out, tensor.name);
  out += R"(,"datatype":")";
  out += models::ToText(tensor.type);
  out += R"(","shape":)";
  out += models::ToText(tensor.shape);
  if (placed.is_raw) return AppendRawSize(out, tensor);
  out += R"(,"data":[)";
  Status status = AppendElements(out, tensor, 0, CountElements(tensor));
  out += "]}";
  return status;
}

// Ends the array and the object around it; what is raw follows.
template <typename At>
Status AppendTensors(InferBody& body, const Placing<At>& all) {
  std::string& out = body.text;
  std::size_t raw_bytes = 0;
  bool has_raw = false;
  for (std::size_t i = 0; i < all.count; ++i) {
    const Placed placed = all.at(i);
    if (i > 0) out += ',';
    if (Status status = AppendTensor(out, placed); !status) return status;
    if (!placed.is_raw) continue;
    has_raw = true;
    raw_bytes += *RawSize(*placed.tensor);
  }
  out += "]}";
  if (!has_raw) return {};
  body.json_bytes = out.size();
  out.reserve(out.size() + raw_bytes);
  for (std::size_t i = 0; i < all.count; ++i) {
    if (const Placed placed = all.at(i); placed.is_raw) AppendRawElements(out, *placed.tensor);
  }
  return {};
}

// Those of `outputs` that are asked for as classes, each at its index; empty when none is.
Result<std::vector<models::Tensor>> ClassifyAsked(const models::ModelInfo& model,
                                                  std::span<const models::Tensor> outputs,
                                                  const OutputForms& forms) {
  std::vector<models::Tensor> classified;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t classes = forms.Of(i).classes;
    if (classes == 0) continue;
    const auto found = model.labels.find(outputs[i].name);
    std::span<const std::string> labels;
    if (found != model.labels.end()) labels = found->second;
    auto tensor = Classify(outputs[i], classes, models::HasBatchDimension(model), labels);
    if (!tensor) return tl::unexpected(std::move(tensor.error()));
    classified.resize(outputs.size());
    classified[i] = std::move(*tensor);
  }
  return classified;
}

}  // namespace

Result<InferBody> EncodeInferResponse(const models::ModelInfo& model,
                                      const std::optional<std::string>& id,
                                      std::span<const models::Tensor> outputs,
                                      const OutputForms& forms) {
  const auto classified = ClassifyAsked(model, outputs, forms);
  if (!classified) return tl::unexpected(classified.error());
  const Placing all{
      outputs.size(), [&](std::size_t i) {
        const OutputForm& form = forms.Of(i);
        return Placed{form.classes > 0 ? &(*classified)[i] : &outputs[i], form.is_raw};
      }};
  InferBody response{RoomFor(all)};
  std::string& out = response.text;
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
  Status status = AppendTensors(response, all);
  if (!status) return tl::unexpected(std::move(status.error()));
  return response;
}

Result<InferBody> EncodeInferRequest(std::span<const models::Tensor> inputs, bool is_raw) {
  const Placing all{inputs.size(), [&](std::size_t i) {
                      return Placed{&inputs[i], is_raw || !HasJsonForm(inputs[i].type)};
                    }};
  const bool has_raw = is_raw || !std::all_of(inputs.begin(), inputs.end(), [](const auto& input) {
                         return HasJsonForm(input.type);
                       });
  InferBody request{RoomFor(all)};
  request.text += '{';
  if (has_raw) request.text += R"("parameters":{"binary_data_output":true},)";
  request.text += R"("inputs":[)";
  Status status = AppendTensors(request, all);
  if (!status) return tl::unexpected(std::move(status.error()));
  return request;
}

}  // namespace baton::api
