// Protobuf's encoding, as far as messages are looked through and put together without its classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton::api {

struct WireField {
  enum class Kind { kVarint, kFixed, kBytes };
  std::uint32_t number = 0;
  Kind kind = Kind::kVarint;
  std::uint64_t varint = 0;
  std::string_view bytes;  // of kBytes
  std::string_view whole;  // with tag and length
};

// The fields of a message, one after the other: `while (auto field = reader.Next())`. Reads nothing
// beyond the message, whatever it holds. Groups count as malformed.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Nothing at the end, and where the message is malformed.
  std::optional<WireField> Next();
  bool is_malformed() const { return is_malformed_; }

 private:
  std::optional<std::uint64_t> TakeVarint();
  bool TakeValue(std::uint64_t wire_type, WireField& field);

  std::string_view rest_;
  bool is_malformed_ = false;
};

std::size_t BytesFieldSize(std::uint32_t number, std::size_t size);
void AppendBytesField(std::string& out, std::uint32_t number, std::string_view bytes);
// All but the bytes themselves.
void AppendBytesHead(std::string& out, std::uint32_t number, std::size_t size);

}  // namespace baton::api
