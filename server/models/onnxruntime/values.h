// Tensors of ours to and from values of ONNX Runtime.
#pragma once

#include <optional>

#include "server/models/onnxruntime/api.h"
#include "server/models/tensor.h"

namespace baton::models {

// Empty for element types that the protocol has no name for.
std::optional<DataType> DataTypeOf(ONNXTensorElementDataType type);

// A value that reads `tensor`'s bytes where they lie: it must not outlive them. Strings are copied.
// Requires: the tensor's invariant. Throws Ort::Exception.
Ort::Value ToValue(const Tensor& tensor, const Ort::MemoryInfo& cpu);

// A copy of `value` under the name and type that the model says of it. Requires: `value` is a
// tensor of that type. Throws Ort::Exception.
Tensor FromValue(const Ort::Value& value, const TensorSpec& spec);

}  // namespace baton::models
