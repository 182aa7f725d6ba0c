// The names and sizes of datatypes, and what can be said of a shape.
#include "server/models/tensor.h"

#include <array>

namespace baton::models {
namespace {

struct TypeRow {
  DataType type;
  std::string_view text;
  std::size_t bytes;
};

// In the order of the enum, so that a look-up is an index.
constexpr std::array<TypeRow, 14> kTypes = {{
    {DataType::kBool, "BOOL", 1},
    {DataType::kUint8, "UINT8", 1},
    {DataType::kUint16, "UINT16", 2},
    {DataType::kUint32, "UINT32", 4},
    {DataType::kUint64, "UINT64", 8},
    {DataType::kInt8, "INT8", 1},
    {DataType::kInt16, "INT16", 2},
    {DataType::kInt32, "INT32", 4},
    {DataType::kInt64, "INT64", 8},
    {DataType::kFp16, "FP16", 2},
    {DataType::kFp32, "FP32", 4},
    {DataType::kFp64, "FP64", 8},
    {DataType::kBytes, "BYTES", 0},
    {DataType::kBf16, "BF16", 2},
}};

constexpr bool IsInEnumOrder() {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].type != static_cast<DataType>(i)) return false;
  }
  return true;
}
static_assert(IsInEnumOrder());

constexpr std::size_t kMaxElements = std::size_t{1} << 40;

}  // namespace

std::string_view ToText(DataType type) { return kTypes[static_cast<std::size_t>(type)].text; }

std::optional<DataType> DataTypeFromText(std::string_view text) {
  for (const TypeRow& row : kTypes) {
    if (row.text == text) return row.type;
  }
  return std::nullopt;
}

std::size_t ElementSize(DataType type) { return kTypes[static_cast<std::size_t>(type)].bytes; }

std::string ToText(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(size);
  }
  return text += ']';
}

std::optional<std::size_t> ElementCount(std::span<const std::int64_t> shape) {
  // A zero anywhere makes the tensor empty, however large the other dimensions are.
  bool is_empty = false;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) is_empty = true;
  }
  if (is_empty) return 0;

  std::size_t count = 1;
  for (const std::int64_t size : shape) {
    const auto factor = static_cast<std::size_t>(size);
    if (factor > kMaxElements / count) return std::nullopt;
    count *= factor;
  }
  return count;
}

}  // namespace baton::models
