// One function a rule of the grammar.
#include "tests/fuzz/plain_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace baton::fuzz {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(std::string& out, std::uint32_t point) {
  const auto append = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return append(point);
  if (point < 0x800) {
    append(0xC0U | point >> 6U);
  } else {
    if (point < 0x10000) {
      append(0xE0U | point >> 12U);
    } else {
      append(0xF0U | point >> 18U);
      append(0x80U | (point >> 12U & 0x3FU));
    }
    append(0x80U | (point >> 6U & 0x3FU));
  }
  append(0x80U | (point & 0x3FU));
}

// How many bytes the well-formed sequence at the front takes (Unicode, table 3-7); 0 for none.
std::size_t Utf8Size(std::string_view text) {
  const auto at = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto continues = [&at](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  const unsigned first = at(0);
  const unsigned second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool fits = (first != 0xE0 || second >= 0xA0) && (first != 0xED || second <= 0x9F);
    return fits && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool fits = (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second <= 0x8F);
    return fits && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

class Reader {
 public:
  Reader(std::string_view text, std::size_t max_depth) : rest_(text), depth_left_(max_depth) {}

  bool Document(PlainJson& out) { return Value(out) && rest_.empty(); }

 private:
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void SkipSpace() {
    while (Take(" ") || Take("\t") || Take("\r") || Take("\n")) {
    }
  }

  bool Value(PlainJson& out) {
    SkipSpace();
    const bool is_good = BareValue(out);
    SkipSpace();
    return is_good;
  }

  bool BareValue(PlainJson& out) {
    if (Take("null")) return true;
    if (Take("true")) return Set(out, true);
    if (Take("false")) return Set(out, false);
    if (Take("\"")) return String(out.value.emplace<std::string>());
    if (Take("[")) return Array(out.value.emplace<PlainJson::List>());
    if (Take("{")) return Object(out.value.emplace<PlainJson::Members>());
    return Number(out);
  }

  template <typename T>
  static bool Set(PlainJson& out, T value) {
    out.value = value;
    return true;
  }

  bool Array(PlainJson::List& out) {
    SkipSpace();
    if (Take("]")) return true;
    if (depth_left_-- == 0) return false;
    do {
      if (!Value(out.emplace_back())) return false;
    } while (Take(","));
    ++depth_left_;
    return Take("]");
  }

  bool Object(PlainJson::Members& out) {
    SkipSpace();
    if (Take("}")) return true;
    if (depth_left_-- == 0) return false;
    do {
      std::string key;
      SkipSpace();
      if (!Take("\"") || !String(key)) return false;
      for (const auto& [other, value] : out) {
        if (other == key) return false;
      }
      SkipSpace();
      if (!Take(":") || !Value(out.emplace_back(key, PlainJson()).second)) return false;
    } while (Take(","));
    ++depth_left_;
    return Take("}");
  }

  // Behind the opening quote.
  bool String(std::string& out) {
    while (!rest_.empty()) {
      if (Take("\"")) return true;
      if (Take("\\")) {
        if (!Escape(out)) return false;
        continue;
      }
      const std::size_t size = Utf8Size(rest_);
      if (size == 0 || static_cast<unsigned char>(Peek()) < 0x20) return false;
      out += rest_.substr(0, size);
      rest_.remove_prefix(size);
    }
    return false;
  }

  bool Escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (Take("u")) return Point(out);
    const std::size_t which = rest_.empty() ? kNames.npos : kNames.find(Peek());
    if (which == kNames.npos) return false;
    out += kMeanings[which];
    rest_.remove_prefix(1);
    return true;
  }

  bool Point(std::string& out) {
    std::uint32_t point = 0;
    if (!FourDigits(point)) return false;
    if (point >= 0xDC00 && point < 0xE000) return false;
    if (point >= 0xD800 && point < 0xDC00) {
      std::uint32_t low = 0;
      if (!Take("\\u") || !FourDigits(low) || low < 0xDC00 || low >= 0xE000) return false;
      point = 0x10000 + (point - 0xD800) * 0x400 + (low - 0xDC00);
    }
    AppendUtf8(out, point);
    return true;
  }

  bool FourDigits(std::uint32_t& out) {
    if (rest_.size() < 4) return false;
    const char* const end = rest_.data() + 4;
    const auto [stopped, error] = std::from_chars(rest_.data(), end, out, 16);
    rest_.remove_prefix(4);
    return error == std::errc() && stopped == end;
  }

  bool Number(PlainJson& out) {
    const std::string_view all = rest_;
    Take("-");
    if (!Take("0") && !Digits()) return false;
    bool is_whole = true;
    if (Take(".")) {
      is_whole = false;
      if (!Digits()) return false;
    }
    if (Take("e") || Take("E")) {
      is_whole = false;
      if (!Take("+")) Take("-");
      if (!Digits()) return false;
    }
    const std::string token(all.substr(0, all.size() - rest_.size()));
    return is_whole ? Whole(token, out) : Fraction(token, out);
  }

  bool Digits() {
    const std::size_t before = rest_.size();
    while (IsDigit(Peek())) rest_.remove_prefix(1);
    return rest_.size() < before;
  }

  template <typename T>
  static bool Fits(const std::string& token, PlainJson& out) {
    T number = 0;
    const char* const end = token.data() + token.size();
    if (std::from_chars(token.data(), end, number).ec != std::errc()) return false;
    return Set(out, number);
  }
  static bool Whole(const std::string& token, PlainJson& out) {
    return Fits<std::int64_t>(token, out) ||
           (token.front() != '-' && Fits<std::uint64_t>(token, out)) || Fraction(token, out);
  }
  static bool Fraction(const std::string& token, PlainJson& out) {
    const double number = std::strtod(token.c_str(), nullptr);
    return std::isfinite(number) && Set(out, number);
  }

  std::string_view rest_;
  std::size_t depth_left_;
};

}  // namespace

std::optional<PlainJson> ParsePlainJson(std::string_view text, std::size_t max_depth) {
  PlainJson document;
  if (!Reader(text, max_depth).Document(document)) return std::nullopt;
  return document;
}

}  // namespace baton::fuzz
