// A map is two tensors of the same length: its keys, in order, and its values.
#include "server/models/onnxruntime/map_output.h"

#include <iterator>
#include <utility>

#include "server/models/onnxruntime/values.h"

namespace baton::models {
namespace {

constexpr int kKeys = 0;
constexpr int kNumbers = 1;

Tensor Flatten(const Ort::Value& maps, int half, const TensorSpec& spec) {
  Ort::AllocatorWithDefaultOptions allocator;
  const std::size_t rows = maps.GetCount();
  Tensor all;
  all.name = spec.name;
  all.type = spec.type;
  all.shape = {static_cast<std::int64_t>(rows), 0};
  for (std::size_t row = 0; row < rows; ++row) {
    const Ort::Value map = maps.GetValue(static_cast<int>(row), allocator);
    Tensor part = FromValue(map.GetValue(half, allocator), spec, {});
    const std::int64_t size = part.shape.empty() ? 1 : part.shape[0];
    if (row == 0) all.shape[1] = size;
    if (all.shape[1] != size) {
      throw Ort::Exception("the maps of the output '" + spec.name + "' are not of one size",
                           ORT_FAIL);
    }
    const std::size_t end = all.raw.size();
    all.raw.resize(end + part.raw.size());
    std::copy(part.raw.begin(), part.raw.end(), all.raw.data() + end);
    all.strings.insert(all.strings.end(), std::make_move_iterator(part.strings.begin()),
                       std::make_move_iterator(part.strings.end()));
  }
  return all;
}

}  // namespace

std::optional<DataType> KeyTypeOfMaps(const Ort::TypeInfo& type) {
  if (type.GetONNXType() != ONNX_TYPE_SEQUENCE) return std::nullopt;
  const Ort::TypeInfo element = type.GetSequenceTypeInfo().GetSequenceElementType();
  if (element.GetONNXType() != ONNX_TYPE_MAP) return std::nullopt;
  const Ort::ConstMapTypeInfo map = element.GetMapTypeInfo();
  const Ort::TypeInfo numbers = map.GetMapValueType();
  const bool is_floats =
      numbers.GetONNXType() == ONNX_TYPE_TENSOR &&
      numbers.GetTensorTypeAndShapeInfo().GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
  const std::optional<DataType> keys = DataTypeOf(map.GetMapKeyType());
  const bool is_served = is_floats && (keys == DataType::kInt64 || keys == DataType::kBytes);
  return is_served ? keys : std::nullopt;
}

std::string LabelsName(const std::string& name) { return name + "_labels"; }

Status CheckLabelsNames(std::span<const TensorSpec> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const TensorSpec& other : outputs.first(i)) {
      if (other.name != outputs[i].name) continue;
      return Fail(ErrorCode::kInvalidArgument, "two outputs would be called '" + other.name +
                                                   "', one of them the labels of a map");
    }
  }
  return {};
}

Tensor NumbersOfMaps(const Ort::Value& maps, const TensorSpec& spec) {
  return Flatten(maps, kNumbers, spec);
}

Tensor LabelsOfMaps(const Ort::Value& maps, const TensorSpec& spec) {
  return Flatten(maps, kKeys, spec);
}

}  // namespace baton::models
