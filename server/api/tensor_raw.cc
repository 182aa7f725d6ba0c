// Raw elements: sizes, and the lengths before the elements of BYTES.
#include "server/api/tensor_raw.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

using models::DataType;
using models::Tensor;
using Bytes = std::span<const std::byte>;

static_assert(std::endian::native == std::endian::little, "raw elements are read where they lie");

constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);

tl::unexpected<Error> Bad(const Tensor& tensor, const DataPlace& place, const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, "input " + Quoted(tensor.name) + ": " + what,
              place.ToText());
}

std::string Needs(const Tensor& tensor, const std::string& what, std::size_t got) {
  return "shape " + models::ToText(tensor.shape) + " of " +
         std::string(models::ToText(tensor.type)) + " needs " + what + ", got " +
         std::to_string(got);
}

// The length that stands at the front of `bytes`, and what it says follows it, are cut off.
bool TakeText(Bytes& bytes, std::string_view& text) {
  std::uint32_t length = 0;
  if (bytes.size() < kLengthBytes) return false;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  bytes = bytes.subspan(kLengthBytes);
  if (bytes.size() < length) return false;
  text = {reinterpret_cast<const char*>(bytes.data()), length};
  bytes = bytes.subspan(length);
  return true;
}

Status ReadTexts(Bytes bytes, std::size_t count, Tensor& tensor, const DataPlace& place) {
  // No room is made for elements that the bytes cannot hold.
  if (bytes.size() / kLengthBytes < count) {
    return Bad(
        tensor, place,
        Needs(tensor, "at least " + std::to_string(count * kLengthBytes) + " bytes", bytes.size()));
  }
  const std::size_t size = bytes.size();
  tensor.strings.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view text;
    const std::size_t at = size - bytes.size();
    if (!TakeText(bytes, text)) {
      return Bad(tensor, place,
                 "element " + std::to_string(i) + " of BYTES: expected four bytes of length at " +
                     std::to_string(at) + " and as many bytes behind them, got " +
                     std::to_string(size - at) + " bytes in all");
    }
    tensor.strings.emplace_back(text);
  }
  if (bytes.empty()) return {};
  return Bad(tensor, place,
             Needs(tensor,
                   std::to_string(count) + " elements in " + std::to_string(size - bytes.size()) +
                       " bytes",
                   size) +
                 " bytes");
}

Status CheckBools(Bytes bytes, const Tensor& tensor, const DataPlace& place) {
  const auto wrong =
      std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte > std::byte{1}; });
  if (wrong == bytes.end()) return {};
  return Bad(tensor, place,
             "element " + std::to_string(wrong - bytes.begin()) +
                 " of BOOL: expected the byte 0 or 1, got " +
                 std::to_string(std::to_integer<int>(*wrong)));
}

tl::unexpected<Error> Unfilled(const Tensor& tensor) {
  return Fail(ErrorCode::kInternal, "output " + Quoted(tensor.name) + ": shape " +
                                        models::ToText(tensor.shape) +
                                        " has another number of elements than its data");
}

Result<std::size_t> SizeOfTexts(const Tensor& tensor) {
  std::size_t size = tensor.strings.size() * kLengthBytes;
  for (const std::string& text : tensor.strings) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
      return Fail(ErrorCode::kInternal,
                  "output " + Quoted(tensor.name) + ": an element of BYTES is longer than 4 GiB");
    }
    size += text.size();
  }
  return size;
}

}  // namespace

Status ReadRawElements(Bytes bytes, Tensor& tensor, const DataPlace& place) {
  const auto count = models::ElementCount(tensor.shape);
  if (!count) {
    return Bad(tensor, place,
               "shape " + models::ToText(tensor.shape) +
                   " has a negative size or more elements than a tensor may have");
  }
  if (tensor.type == DataType::kBytes) return ReadTexts(bytes, *count, tensor, place);
  const std::size_t element_bytes = models::ElementSize(tensor.type);
  if (bytes.size() != *count * element_bytes) {
    return Bad(tensor, place,
               Needs(tensor, std::to_string(*count * element_bytes) + " bytes", bytes.size()));
  }
  if (tensor.type == DataType::kBool) {
    if (Status status = CheckBools(bytes, tensor, place); !status) return status;
  }
  tensor.raw = models::TensorBytes::Borrow(bytes, element_bytes);
  return {};
}

Result<std::size_t> RawSize(const Tensor& tensor) {
  const auto count = models::ElementCount(tensor.shape);
  if (!count) return Unfilled(tensor);
  if (tensor.type == DataType::kBytes) {
    if (tensor.strings.size() != *count) return Unfilled(tensor);
    return SizeOfTexts(tensor);
  }
  if (tensor.raw.size() != *count * models::ElementSize(tensor.type)) return Unfilled(tensor);
  return tensor.raw.size();
}

void AppendRawElements(std::string& out, const Tensor& tensor) {
  out.append(reinterpret_cast<const char*>(tensor.raw.data()), tensor.raw.size());
  for (const std::string& text : tensor.strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    std::array<char, kLengthBytes> prefix{};
    std::memcpy(prefix.data(), &length, kLengthBytes);
    out.append(prefix.data(), prefix.size()).append(text);
  }
}

}  // namespace baton::api
