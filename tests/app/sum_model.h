// A model that adds up four numbers.
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/models/model.h"

namespace baton::app {

// Answers with the sum of its inputs' only tensor, of four floats.
class SumModel final : public models::Model {
 public:
  SumModel() {
    info_.name = "sum";
    info_.version = "1";
    info_.platform = "test";
    info_.inputs = {{"x", models::DataType::kFp32, {1, 4}}};
    info_.outputs = {{"y", models::DataType::kFp32, {1}}};
  }
  const models::ModelInfo& info() const override { return info_; }
  Result<std::vector<models::Tensor>> Predict(std::span<const models::Tensor> inputs,
                                              std::span<const std::string> /*wanted*/,
                                              const std::stop_token& /*stop*/) const override {
    float sum = 0;
    for (const float value : inputs[0].As<float>()) sum += value;
    std::vector<models::Tensor> outputs(1);
    outputs[0].name = "y";
    outputs[0].shape = {1};
    outputs[0].raw.resize(sizeof(float));
    outputs[0].As<float>()[0] = sum;
    return outputs;
  }

 private:
  models::ModelInfo info_;
};

}  // namespace baton::app
