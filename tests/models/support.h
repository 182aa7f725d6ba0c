// What the tests of this folder share: tensors in one line, the runtime, and the models of data/.
#pragma once

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/models/onnxruntime/library.h"
#include "server/models/onnxruntime/onnx_model.h"
#include "server/models/tensor.h"

namespace baton::models {

template <typename T>
Tensor MakeTensor(std::string name, DataType type, Shape shape, const std::vector<T>& elements) {
  Tensor tensor{std::move(name), type, std::move(shape), {}, {}};
  tensor.raw.resize(elements.size() * sizeof(T));
  if (!elements.empty()) std::memcpy(tensor.raw.data(), elements.data(), tensor.raw.size());
  return tensor;
}

inline Tensor Floats(std::string name, Shape shape, const std::vector<float>& elements) {
  return MakeTensor(std::move(name), DataType::kFp32, std::move(shape), elements);
}

template <typename T>
std::vector<T> ElementsOf(const Tensor& tensor) {
  const auto elements = tensor.As<T>();
  return {elements.begin(), elements.end()};
}

inline const OnnxRuntime& Runtime() {
  const auto runtime = OpenOnnxRuntime(BATON_TEST_ONNXRUNTIME_LIBRARY);
  if (!runtime) throw std::runtime_error(runtime.error().message);
  return **runtime;
}

inline std::filesystem::path DataFile(std::string_view model_name) {
  return std::filesystem::path(BATON_TEST_MODELS_DIR) / (std::string(model_name) + ".onnx");
}

inline std::unique_ptr<OnnxModel> LoadTestModel(const std::string& name) {
  auto model = OnnxModel::FromFile(Runtime(), name, "1", DataFile(name));
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

}  // namespace baton::models
