// Tags, varints and lengths.
#include "server/api/grpc/wire_format.h"

namespace baton::api {
namespace {

constexpr std::uint64_t kVarintType = 0;
constexpr std::uint64_t kFixed64Type = 1;
constexpr std::uint64_t kBytesType = 2;
constexpr std::uint64_t kFixed32Type = 5;
constexpr unsigned kTypeBits = 3;
constexpr std::uint64_t kLargestTag = 0xffffffff;

std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  while ((value >>= 7U) != 0) ++size;
  return size;
}

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7fU) | 0x80U);
  out += static_cast<char>(value);
}

std::uint64_t TagOf(std::uint32_t number, std::uint64_t type) {
  return (std::uint64_t{number} << kTypeBits) | type;
}

}  // namespace

std::optional<std::uint64_t> WireReader::TakeVarint() {
  constexpr std::size_t kMostBytes = 10;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kMostBytes && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80U) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool WireReader::TakeValue(std::uint64_t wire_type, WireField& field) {
  std::size_t size = 0;
  if (wire_type == kVarintType || wire_type == kBytesType) {
    const auto varint = TakeVarint();
    if (!varint) return false;
    field.kind = wire_type == kVarintType ? WireField::Kind::kVarint : WireField::Kind::kBytes;
    if (wire_type == kVarintType) {
      field.varint = *varint;
      return true;
    }
    if (*varint > rest_.size()) return false;
    size = static_cast<std::size_t>(*varint);
  } else if (wire_type == kFixed64Type || wire_type == kFixed32Type) {
    field.kind = WireField::Kind::kFixed;
    size = wire_type == kFixed64Type ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
    if (size > rest_.size()) return false;
  } else {
    return false;
  }
  field.bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

std::optional<WireField> WireReader::Next() {
  if (rest_.empty() || is_malformed_) return std::nullopt;
  const std::string_view before = rest_;
  WireField field;
  const auto tag = TakeVarint();
  if (tag && *tag <= kLargestTag) field.number = static_cast<std::uint32_t>(*tag >> kTypeBits);
  if (field.number == 0 || !TakeValue(*tag & ((1U << kTypeBits) - 1), field)) {
    is_malformed_ = true;
    return std::nullopt;
  }
  field.whole = before.substr(0, before.size() - rest_.size());
  return field;
}

std::size_t BytesFieldSize(std::uint32_t number, std::size_t size) {
  return VarintSize(TagOf(number, kBytesType)) + VarintSize(size) + size;
}

void AppendBytesHead(std::string& out, std::uint32_t number, std::size_t size) {
  AppendVarint(out, TagOf(number, kBytesType));
  AppendVarint(out, size);
}

void AppendBytesField(std::string& out, std::uint32_t number, std::string_view bytes) {
  AppendBytesHead(out, number, bytes.size());
  out += bytes;
}

}  // namespace baton::api
