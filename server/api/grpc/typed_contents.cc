// One way in and out for each datatype.
#include "server/api/grpc/typed_contents.h"

#include <cstdint>
#include <utility>

#include "inference/grpc_service.pb.h"

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

using inference::InferTensorContents;
using models::DataType;
using models::Tensor;

std::size_t CountOf(const Tensor& tensor) { return models::ElementCount(tensor.shape).value_or(0); }

tl::unexpected<Error> Bad(const std::string& field, std::string_view expected,
                          std::string_view got) {
  return tl::unexpected(BadInput(field, expected, got));
}

// Elements of the type T from those of a typed field, which may be wider.
template <typename T, typename Values>
Status Convert(const Values& values, const std::string& field, Tensor& tensor) {
  tensor.raw.resize(static_cast<std::size_t>(values.size()) * sizeof(T));
  T* out = tensor.As<T>().data();
  for (int i = 0; i < values.size(); ++i) {
    const auto value = values.Get(i);
    out[i] = static_cast<T>(value);
    if constexpr (sizeof(T) < sizeof(value)) {
      if (static_cast<decltype(values.Get(i) + 0)>(out[i]) != value) {
        return Bad(field, models::ToText(tensor.type), std::to_string(value));
      }
    }
  }
  return {};
}

struct Typed {
  const char* name;
  int size;
};

// The field that holds elements of `type`; without a name where there is none.
Typed TypedField(const InferTensorContents& contents, DataType type) {
  switch (type) {
    case DataType::kBool: return {"bool_contents", contents.bool_contents_size()};
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32: return {"int_contents", contents.int_contents_size()};
    case DataType::kInt64: return {"int64_contents", contents.int64_contents_size()};
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32: return {"uint_contents", contents.uint_contents_size()};
    case DataType::kUint64: return {"uint64_contents", contents.uint64_contents_size()};
    case DataType::kFp32: return {"fp32_contents", contents.fp32_contents_size()};
    case DataType::kFp64: return {"fp64_contents", contents.fp64_contents_size()};
    case DataType::kBytes: return {"bytes_contents", contents.bytes_contents_size()};
    case DataType::kFp16:
    case DataType::kBf16: break;
  }
  return {nullptr, 0};
}

int SizeOfAll(const InferTensorContents& contents) {
  return contents.bool_contents_size() + contents.int_contents_size() +
         contents.int64_contents_size() + contents.uint_contents_size() +
         contents.uint64_contents_size() + contents.fp32_contents_size() +
         contents.fp64_contents_size() + contents.bytes_contents_size();
}

Status TakeContents(const InferTensorContents& contents, const std::string& field, Tensor& tensor) {
  switch (tensor.type) {
    case DataType::kBool: return Convert<bool>(contents.bool_contents(), field, tensor);
    case DataType::kInt8: return Convert<std::int8_t>(contents.int_contents(), field, tensor);
    case DataType::kInt16: return Convert<std::int16_t>(contents.int_contents(), field, tensor);
    case DataType::kInt32: return Convert<std::int32_t>(contents.int_contents(), field, tensor);
    case DataType::kInt64: return Convert<std::int64_t>(contents.int64_contents(), field, tensor);
    case DataType::kUint8: return Convert<std::uint8_t>(contents.uint_contents(), field, tensor);
    case DataType::kUint16: return Convert<std::uint16_t>(contents.uint_contents(), field, tensor);
    case DataType::kUint32: return Convert<std::uint32_t>(contents.uint_contents(), field, tensor);
    case DataType::kUint64:
      return Convert<std::uint64_t>(contents.uint64_contents(), field, tensor);
    case DataType::kFp32: return Convert<float>(contents.fp32_contents(), field, tensor);
    case DataType::kFp64: return Convert<double>(contents.fp64_contents(), field, tensor);
    case DataType::kBytes:
      tensor.strings.assign(contents.bytes_contents().begin(), contents.bytes_contents().end());
      return {};
    case DataType::kFp16:
    case DataType::kBf16: break;
  }
  return {};
}

}  // namespace

Status ReadContents(const InferTensorContents& contents, const std::string& field, Tensor& tensor) {
  const Typed typed = TypedField(contents, tensor.type);
  if (typed.name == nullptr) {
    return Bad(field, std::string(models::ToText(tensor.type)) + " in raw_input_contents",
               "typed contents");
  }
  const std::string whole = field + "." + typed.name;
  if (SizeOfAll(contents) != typed.size) {
    return Bad(
        field,
        "only " + std::string(typed.name) + " for " + std::string(models::ToText(tensor.type)),
        "elements in another field");
  }
  const std::size_t count = CountOf(tensor);
  if (count != static_cast<std::size_t>(typed.size)) {
    return Bad(whole, std::to_string(count) + " elements for shape " + models::ToText(tensor.shape),
               std::to_string(typed.size));
  }
  return TakeContents(contents, whole, tensor);
}

}  // namespace baton::api
