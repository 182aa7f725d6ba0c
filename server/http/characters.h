// The character classes of RFC 9110 and RFC 3986, and small helpers over ASCII text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace baton::http {

enum CharacterClass : std::uint8_t {
  kTokenChar = 1,    // tchar (RFC 9110, 5.6.2)
  kPathChar = 2,     // pchar or '/' (RFC 3986, 3.3), and '%', whose digits are checked elsewhere
  kHostChar = 4,     // reg-name without ',', which reads as a list (RFC 3986, 3.2.2), and '%'
  kVisibleChar = 8,  // 0x21 to 0x7E
};

namespace detail {

consteval std::array<std::uint8_t, 256> MakeCharacterClasses() {
  std::array<std::uint8_t, 256> classes{};
  const auto mark = [&classes](std::string_view characters, std::uint8_t marks) {
    for (const char c : characters) classes[static_cast<unsigned char>(c)] |= marks;
  };
  constexpr std::string_view kAlphanumeric =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  mark(kAlphanumeric, kTokenChar | kPathChar | kHostChar);
  mark("!#$%&'*+-.^_`|~", kTokenChar);
  mark("-._~!$&'()*+;=%", kPathChar | kHostChar);
  mark(",:@/", kPathChar);
  for (std::size_t c = 0x21; c < 0x7F; ++c) classes[c] |= kVisibleChar;
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = MakeCharacterClasses();

}  // namespace detail

constexpr bool Is(CharacterClass wanted, char c) {
  return (detail::kCharacterClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

// False for empty text.
constexpr bool IsAll(CharacterClass wanted, std::string_view text) {
  for (const char c : text) {
    if (!Is(wanted, c)) return false;
  }
  return !text.empty();
}

constexpr char ToLowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ToLowerAscii(a[i]) != ToLowerAscii(b[i])) return false;
  }
  return true;
}

// Without the spaces and tabs around it (OWS).
constexpr std::string_view Trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The value of a hexadecimal digit, -1 when it is none.
constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ToLowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace baton::http
