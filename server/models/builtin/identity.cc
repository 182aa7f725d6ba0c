// What goes in comes out.
#include <utility>

#include "server/models/builtin/kinds.h"

namespace baton::models {
namespace {

class Identity final : public Model {
 public:
  explicit Identity(ModelInfo info) : info_(std::move(info)) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& /*stop*/) const override {
    if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
    if (auto outputs = FindOutputs(info_, wanted); !outputs) {
      return tl::unexpected(outputs.error());
    }
    const Tensor& input = inputs[0];
    std::vector<Tensor> tensors(1);
    tensors[0].name = info_.outputs[0].name;
    tensors[0].type = input.type;
    tensors[0].shape = input.shape;
    tensors[0].raw.assign(input.raw.begin(), input.raw.end());
    tensors[0].strings = input.strings;
    return tensors;
  }

 private:
  const ModelInfo info_;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeIdentity(ModelInfo info, const Parameters& parameters) {
  DataType type = DataType::kBytes;
  Shape shape = {-1};
  if (const auto given = parameters.find("datatype"); given != parameters.end()) {
    const auto parsed = DataTypeFromText(given->second);
    if (!parsed) return BadParameter("datatype", "a datatype such as FP32", given->second);
    type = *parsed;
  }
  if (const auto given = parameters.find("shape"); given != parameters.end()) {
    auto parsed = ParseShape("shape", given->second);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    shape = std::move(*parsed);
  }
  info.inputs = {{"input", type, shape}};
  info.outputs = {{"output", type, shape}};
  return std::make_unique<Identity>(std::move(info));
}

}  // namespace baton::models
