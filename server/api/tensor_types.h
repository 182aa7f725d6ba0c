// The C++ type of each datatype that has a JSON form.
#pragma once

#include <cstdint>
#include <string>

#include "server/base/check.h"
#include "server/models/tensor.h"

namespace baton::api {

inline bool HasJsonForm(models::DataType type) {
  return type != models::DataType::kFp16 && type != models::DataType::kBf16;
}

// Calls `use` with a value of the C++ type of the elements. Requires: HasJsonForm(type).
template <typename Use>
auto WithElementType(models::DataType type, const Use& use) {
  using models::DataType;
  switch (type) {
    case DataType::kBool: return use(bool());
    case DataType::kUint8: return use(std::uint8_t());
    case DataType::kUint16: return use(std::uint16_t());
    case DataType::kUint32: return use(std::uint32_t());
    case DataType::kUint64: return use(std::uint64_t());
    case DataType::kInt8: return use(std::int8_t());
    case DataType::kInt16: return use(std::int16_t());
    case DataType::kInt32: return use(std::int32_t());
    case DataType::kInt64: return use(std::int64_t());
    case DataType::kFp32: return use(float());
    case DataType::kFp64: return use(double());
    case DataType::kBytes: return use(std::string());
    case DataType::kFp16:
    case DataType::kBf16: break;
  }
  BATON_CHECK(HasJsonForm(type));
  return use(double());
}

}  // namespace baton::api
