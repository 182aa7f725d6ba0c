// Tensors of ours to and from values of ONNX Runtime.
#pragma once

#include <optional>
#include <span>

#include "server/models/onnxruntime/api.h"
#include "server/models/tensor.h"

namespace baton::models {

// Empty for element types that the protocol has no name for.
std::optional<DataType> DataTypeOf(ONNXTensorElementDataType type);

// A value that reads `tensor`'s bytes where they lie: it must not outlive them. Strings are copied.
// Requires: the tensor's invariant. Throws Ort::Exception.
Ort::Value ToValue(const Tensor& tensor, const Ort::MemoryInfo& cpu);

// `value` under the name and type that the model says of it: its own bytes on loan, which keep it
// alive; a copy of a small one, and of one that only passed through and lies in `inputs`. Throws
// Ort::Exception, also for a value that is no tensor of that type.
Tensor FromValue(Ort::Value value, const TensorSpec& spec, std::span<const Tensor> inputs);

}  // namespace baton::models
