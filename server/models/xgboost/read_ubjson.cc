// A reader of UBJSON that believes no length before it has seen as many bytes.
#include <bit>
#include <optional>
#include <utility>

#include "server/models/xgboost/document.h"

namespace baton::models::xgboost {
namespace {

// How many bytes a number of type `marker` takes; 0 when it is none.
std::size_t NumberSize(char marker) {
  switch (marker) {
    case 'i':
    case 'U': return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L': return 8;
    default: return 0;
  }
}

class UbjsonReader {
 public:
  explicit UbjsonReader(std::string_view bytes) : bytes_(bytes) {}

  Result<Value> ReadAll() {
    auto value = ReadValue(0);
    if (value && at_ == bytes_.size()) return std::move(*value);
    return Fail(ErrorCode::kInvalidArgument,
                "is no UBJSON document of XGBoost: byte " + std::to_string(at_) + " of " +
                    std::to_string(bytes_.size()) +
                    (at_ < bytes_.size() ? " is out of place" : " is where more was expected"));
  }

 private:
  std::size_t left() const { return bytes_.size() - at_; }

  bool Take(char expected) {
    if (left() == 0 || bytes_[at_] != expected) return false;
    ++at_;
    return true;
  }

  // Requires: as many bytes are left.
  std::uint64_t TakeBigEndian(std::size_t size) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) {
      bits = bits << 8U | static_cast<unsigned char>(bytes_[at_++]);
    }
    return bits;
  }

  // Requires: as many bytes are left as it takes.
  double TakeNumber(char marker) {
    const std::uint64_t bits = TakeBigEndian(NumberSize(marker));
    switch (marker) {
      case 'i': return static_cast<std::int8_t>(bits);
      case 'I': return static_cast<std::int16_t>(bits);
      case 'l': return static_cast<std::int32_t>(bits);
      case 'L': return static_cast<double>(static_cast<std::int64_t>(bits));
      case 'd': return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      default: return static_cast<double>(bits);
    }
  }

  // The length of what takes at least `unit` bytes each.
  std::optional<std::size_t> ReadLength(std::size_t unit) {
    if (!Take('L') || left() < 8) return std::nullopt;
    const std::uint64_t length = TakeBigEndian(8);
    if (length > left() / unit) return std::nullopt;
    return static_cast<std::size_t>(length);
  }

  std::optional<std::string> ReadText() {
    const auto length = ReadLength(1);
    if (!length) return std::nullopt;
    at_ += *length;
    return std::string(bytes_.substr(at_ - *length, *length));
  }

  std::optional<Value> ReadValue(int depth) {
    if (left() == 0 || depth > kMaxDepth) return std::nullopt;
    const char marker = bytes_[at_++];
    switch (marker) {
      case '{': return ReadObject(depth);
      case '[': return ReadArray(depth);
      case 'Z': return Value{};
      case 'T': return Value{true};
      case 'F': return Value{false};
      case 'S': {
        auto text = ReadText();
        return text ? std::optional(Value{std::move(*text)}) : std::nullopt;
      }
      default: break;
    }
    const std::size_t size = NumberSize(marker);
    if (size != 0 && left() >= size) return Value{TakeNumber(marker)};
    --at_;
    return std::nullopt;
  }

  std::optional<Value> ReadObject(int depth) {
    Members members;
    while (!Take('}')) {
      auto key = ReadText();
      if (!key) return std::nullopt;
      auto value = ReadValue(depth + 1);
      if (!value) return std::nullopt;
      members.keys.push_back(std::move(*key));
      members.values.push_back(std::move(*value));
    }
    if (HasTwins(members)) return std::nullopt;
    return Value{std::move(members)};
  }

  std::optional<Value> ReadArray(int depth) {
    if (Take('$')) return ReadTypedArray();
    Value array{Numbers()};
    if (Take('#')) {
      const auto length = ReadLength(1);
      if (!length) return std::nullopt;
      for (std::size_t i = 0; i < *length; ++i) {
        auto value = ReadValue(depth + 1);
        if (!value) return std::nullopt;
        Append(array, std::move(*value));
      }
      return array;
    }
    while (!Take(']')) {
      auto value = ReadValue(depth + 1);
      if (!value) return std::nullopt;
      Append(array, std::move(*value));
    }
    return array;
  }

  std::optional<Value> ReadTypedArray() {
    const std::size_t size = left() == 0 ? 0 : NumberSize(bytes_[at_]);
    if (size == 0) return std::nullopt;
    const char marker = bytes_[at_++];
    if (!Take('#')) return std::nullopt;
    const auto length = ReadLength(size);
    if (!length) return std::nullopt;
    Numbers numbers(*length);
    for (double& number : numbers) number = TakeNumber(marker);
    return Value{std::move(numbers)};
  }

  const std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> ReadUbjson(std::string_view bytes) { return UbjsonReader(bytes).ReadAll(); }

}  // namespace baton::models::xgboost
