// A weighted sum of a row.
#include <numeric>
#include <utility>

#include "server/models/builtin/kinds.h"

namespace baton::models {
namespace {

class Linear final : public Model {
 public:
  Linear(ModelInfo info, std::vector<float> weights, float bias)
      : info_(std::move(info)), weights_(std::move(weights)), bias_(bias) {}

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& /*stop*/) const override {
    if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
    if (auto outputs = FindOutputs(info_, wanted); !outputs) {
      return tl::unexpected(outputs.error());
    }
    std::vector<Tensor> tensors(1);
    tensors[0].name = info_.outputs[0].name;
    tensors[0].shape = {inputs[0].shape[0]};
    const std::span<const float> cells = inputs[0].As<float>();
    tensors[0].raw.resize(cells.size() / weights_.size() * sizeof(float));
    std::size_t first = 0;
    for (float& sum : tensors[0].As<float>()) {
      const auto row = cells.subspan(first, weights_.size());
      sum = std::inner_product(row.begin(), row.end(), weights_.begin(), bias_);
      first += weights_.size();
    }
    return tensors;
  }

 private:
  const ModelInfo info_;
  const std::vector<float> weights_;
  const float bias_;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeLinear(ModelInfo info, const Parameters& parameters) {
  const auto given = parameters.find("weights");
  auto weights = ParseFloats("weights", given == parameters.end() ? "" : given->second);
  if (!weights) return tl::unexpected(std::move(weights.error()));
  float bias = 0;
  if (const auto text = parameters.find("bias"); text != parameters.end()) {
    const auto parsed = ParseFloats("bias", text->second);
    if (!parsed || parsed->size() != 1) return BadParameter("bias", "a number", text->second);
    bias = parsed->front();
  }
  info.inputs = {{"input", DataType::kFp32, {-1, static_cast<std::int64_t>(weights->size())}}};
  info.outputs = {{"output", DataType::kFp32, {-1}}};
  return std::make_unique<Linear>(std::move(info), std::move(*weights), bias);
}

}  // namespace baton::models
