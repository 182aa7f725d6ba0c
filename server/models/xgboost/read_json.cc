// A reader of JSON that stops at the first byte that is out of place.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "server/models/xgboost/document.h"

namespace baton::models::xgboost {
namespace {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Result<Value> ReadAll() {
    auto value = ReadValue(0);
    SkipSpace();
    if (value && at_ == text_.size()) return std::move(*value);
    return Fail(ErrorCode::kInvalidArgument,
                "is no JSON document: byte " + std::to_string(at_) + " of " +
                    std::to_string(text_.size()) +
                    (at_ < text_.size() ? " is out of place" : " is where more was expected"));
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool Take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  std::optional<Value> ReadValue(int depth) {
    SkipSpace();
    if (at_ == text_.size() || depth > kMaxDepth) return std::nullopt;
    switch (text_[at_]) {
      case '{': return ReadObject(depth);
      case '[': return ReadArray(depth);
      case '"': return ReadText();
      case 't': return Take("true") ? std::optional(Value{true}) : std::nullopt;
      case 'f': return Take("false") ? std::optional(Value{false}) : std::nullopt;
      case 'n': return Take("null") ? std::optional(Value{}) : std::nullopt;
      default: return ReadNumber();
    }
  }

  std::optional<Value> ReadObject(int depth) {
    ++at_;
    Members members;
    SkipSpace();
    bool is_open = !Take("}");
    while (is_open) {
      SkipSpace();
      if (at_ == text_.size() || text_[at_] != '"') return std::nullopt;
      auto key = ReadText();
      SkipSpace();
      if (!key || !Take(":")) return std::nullopt;
      auto value = ReadValue(depth + 1);
      if (!value) return std::nullopt;
      members.keys.push_back(std::move(std::get<std::string>(key->of)));
      members.values.push_back(std::move(*value));
      SkipSpace();
      is_open = Take(",");
      if (!is_open && !Take("}")) return std::nullopt;
    }
    if (HasTwins(members)) return std::nullopt;
    return Value{std::move(members)};
  }

  std::optional<Value> ReadArray(int depth) {
    ++at_;
    Value array{Numbers()};
    SkipSpace();
    bool is_open = !Take("]");
    while (is_open) {
      auto value = ReadValue(depth + 1);
      if (!value) return std::nullopt;
      Append(array, std::move(*value));
      SkipSpace();
      is_open = Take(",");
      if (!is_open && !Take("]")) return std::nullopt;
    }
    return array;
  }

  // Escapes stay as they are: none of the texts that matter has one.
  std::optional<Value> ReadText() {
    const std::size_t first = ++at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return std::nullopt;
      if (text_[at_] != '\\') continue;
      ++at_;
      if (at_ == text_.size() || std::string_view("\"\\/bfnrtu").find(text_[at_]) == text_.npos) {
        return std::nullopt;
      }
    }
    if (at_ == text_.size()) return std::nullopt;
    return Value{std::string(text_.substr(first, at_++ - first))};
  }

  std::optional<Value> ReadNumber() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (Take("NaN")) return Value{std::nan("")};
    if (Take("Infinity")) return Value{kInfinity};
    if (Take("-Infinity")) return Value{-kInfinity};
    const char first = text_[at_];
    if (first != '-' && (first < '0' || first > '9')) return std::nullopt;
    double number = 0;
    const char* const begin = text_.data() + at_;
    const auto [stop, failure] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (failure != std::errc()) return std::nullopt;
    at_ += static_cast<std::size_t>(stop - begin);
    const char last = text_[at_ - 1];
    return last >= '0' && last <= '9' ? std::optional(Value{number}) : std::nullopt;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> ReadJson(std::string_view text) { return JsonReader(text).ReadAll(); }

}  // namespace baton::models::xgboost
