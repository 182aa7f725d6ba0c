// Tensors as the Open Inference Protocol v2 names them: datatype, shape, row-major elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/models/tensor_bytes.h"

namespace baton::models {

// The protocol's 13 datatypes and BF16.
enum class DataType {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kFp32,
  kFp64,
  kBytes,
  kBf16,
};

std::string_view ToText(DataType type);  // "FP32"
std::optional<DataType> DataTypeFromText(std::string_view text);
std::size_t ElementSize(DataType type);  // bytes; 0 for kBytes

// -1 stands for a dimension that a request chooses.
using Shape = std::vector<std::int64_t>;

std::string ToText(std::span<const std::int64_t> shape);  // "[-1,30]"

// How many elements a shape without -1 holds; empty when it is negative somewhere or over 2^40.
std::optional<std::size_t> ElementCount(std::span<const std::int64_t> shape);

// What a model says of one of its inputs or outputs.
struct TensorSpec {
  std::string name;
  DataType type = DataType::kFp32;
  Shape shape;
  // By dimension, what the model calls it, or empty: open ones of one name are of one size. May be
  // fewer than there are.
  std::vector<std::string> dimension_names = {};
};

// Invariant: `raw` holds ElementCount(shape) * ElementSize(type) bytes, little-endian and
// row-major; for kBytes `raw` is empty and `strings` holds the elements.
struct Tensor {
  std::string name;
  DataType type = DataType::kFp32;
  Shape shape;
  TensorBytes raw;  // aligned for its elements
  std::vector<std::string> strings;

  // The elements as T. Requires: sizeof(T) == ElementSize(type).
  template <typename T>
  std::span<const T> As() const {
    return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
  template <typename T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(raw.data()), raw.size() / sizeof(T)};
  }
};

}  // namespace baton::models
