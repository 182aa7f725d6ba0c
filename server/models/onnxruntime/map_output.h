// Outputs that are sequences of maps, as tensors.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "server/base/result.h"
#include "server/models/onnxruntime/api.h"
#include "server/models/tensor.h"

namespace baton::models {

// The datatype of the keys, INT64 or BYTES, of a sequence of maps to FP32; empty for all else.
std::optional<DataType> KeyTypeOfMaps(const Ort::TypeInfo& type);

// The name of the labels of the output `name`.
std::string LabelsName(const std::string& name);
// Errors: kInvalidArgument when one of those names is another output's too.
Status CheckLabelsNames(std::span<const TensorSpec> outputs);

// The values and the keys of `maps`, a map a row, in the maps' order: [rows, classes]. Throw
// Ort::Exception, also when the maps are not of one size.
Tensor NumbersOfMaps(const Ort::Value& maps, const TensorSpec& spec);
Tensor LabelsOfMaps(const Ort::Value& maps, const TensorSpec& spec);

}  // namespace baton::models
