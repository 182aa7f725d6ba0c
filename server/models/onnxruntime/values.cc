// Tensors of ours to and from values of ONNX Runtime, for each datatype.
#include "server/models/onnxruntime/values.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace baton::models {
namespace {

// In the order of DataType.
constexpr std::array<ONNXTensorElementDataType, 14> kElementTypes = {
    ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,   ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,  ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
};

Ort::Value StringsToValue(const Tensor& tensor) {
  Ort::AllocatorWithDefaultOptions allocator;
  Ort::Value value = Ort::Value::CreateTensor(allocator, tensor.shape.data(), tensor.shape.size(),
                                              ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
  for (std::size_t i = 0; i < tensor.strings.size(); ++i) {
    const std::string& text = tensor.strings[i];
    // By size, because an element may hold zero bytes.
    char* target = value.GetResizedStringTensorElementBuffer(i, text.size());
    std::copy(text.begin(), text.end(), target);
  }
  return value;
}

std::vector<std::string> StringsOf(const Ort::Value& value, std::size_t count) {
  std::vector<std::string> strings(count);
  for (std::size_t i = 0; i < count; ++i) {
    strings[i].resize(value.GetStringTensorElementLength(i));
    value.GetStringTensorElement(strings[i].size(), i, strings[i].data());
  }
  return strings;
}

// A copy of so little costs no more than keeping the value.
constexpr std::size_t kCopiedBytes = 4096;

bool IsWithin(std::span<const std::byte> bytes, std::span<const Tensor> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [bytes](const Tensor& input) {
    return std::less_equal<>()(input.raw.begin(), bytes.data()) &&
           std::less<>()(bytes.data(), input.raw.end());
  });
}

}  // namespace

std::optional<DataType> DataTypeOf(ONNXTensorElementDataType type) {
  const auto* const found = std::find(kElementTypes.begin(), kElementTypes.end(), type);
  if (found == kElementTypes.end()) return std::nullopt;
  return static_cast<DataType>(found - kElementTypes.begin());
}

Ort::Value ToValue(const Tensor& tensor, const Ort::MemoryInfo& cpu) {
  if (tensor.type == DataType::kBytes) return StringsToValue(tensor);
  // The runtime takes inputs through a pointer to mutable bytes and only reads them.
  auto* bytes = const_cast<std::byte*>(tensor.raw.data());
  return Ort::Value::CreateTensor(cpu, bytes, tensor.raw.size(), tensor.shape.data(),
                                  tensor.shape.size(),
                                  kElementTypes[static_cast<std::size_t>(tensor.type)]);
}

Tensor FromValue(Ort::Value value, const TensorSpec& spec, std::span<const Tensor> inputs) {
  const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
  if (DataTypeOf(info.GetElementType()) != spec.type) {
    throw Ort::Exception(
        "the output '" + spec.name + "' is of another datatype than the model says", ORT_FAIL);
  }
  Tensor tensor;
  tensor.name = spec.name;
  tensor.type = spec.type;
  tensor.shape = info.GetShape();
  const std::size_t count = info.GetElementCount();
  if (spec.type == DataType::kBytes) {
    tensor.strings = StringsOf(value, count);
  } else {
    const std::span bytes(static_cast<const std::byte*>(value.GetTensorRawData()),
                          count * ElementSize(spec.type));
    if (bytes.size() <= kCopiedBytes || IsWithin(bytes, inputs)) {
      tensor.raw.assign(bytes.data(), bytes.data() + bytes.size());
    } else {
      tensor.raw = TensorBytes::Borrow(bytes, ElementSize(spec.type),
                                       std::make_shared<const Ort::Value>(std::move(value)));
    }
  }
  return tensor;
}

}  // namespace baton::models
