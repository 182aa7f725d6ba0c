// Escaping and number formatting; UTF-8 is checked as it is copied.
#include "server/base/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace baton {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none
// (Unicode 15, table 3-7).
std::size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return is_tail(1) ? 2 : 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high || !is_tail(2)) return 0;
  if (lead < 0xF0) return 3;
  return is_tail(3) ? 4 : 0;
}

void AppendEscape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto code = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[code >> 4U];
  out += kHex[code & 15U];
}

template <typename T>
void AppendCharsOf(std::string& out, T number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

// The shortest text of a large float, and of the negative zero, is a row of digits: readers would
// take it for an integer, which has no such sign, or does not fit.
template <typename T>
void AppendFloat(std::string& out, T number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::size_t begin = out.size();
  AppendCharsOf(out, number);
  constexpr T kLargestOfIntegers = 0x1p53;
  const bool is_at_risk =
      std::abs(number) >= kLargestOfIntegers || (number == 0 && std::signbit(number));
  if (is_at_risk && out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;  // everything before it is in `out`
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    const bool is_plain = c >= ' ' && c != '"' && c != '\\' && c != '\x7f';  // ASCII, unescaped
    if (is_plain) {
      ++at;
      continue;
    }
    const std::size_t length = Utf8SequenceLength(text.substr(at));
    if (length > 1) {
      at += length;
      continue;
    }
    out.append(text.substr(copied, at - copied));
    if (length == 1) {
      AppendEscape(out, c);
    } else {
      out += kReplacement;
    }
    copied = ++at;
  }
  out.append(text.substr(copied));
  out += '"';
}

void AppendJsonNumber(std::string& out, double number) { AppendFloat(out, number); }
void AppendJsonNumber(std::string& out, float number) { AppendFloat(out, number); }
void AppendJsonNumber(std::string& out, std::int64_t number) { AppendCharsOf(out, number); }
void AppendJsonNumber(std::string& out, std::uint64_t number) { AppendCharsOf(out, number); }

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(out_, key);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  AppendJsonString(out_, text);
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}

void JsonWriter::Separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

}  // namespace baton
