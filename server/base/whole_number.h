// Whole numbers as clients and operators write them.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace baton {

// All of `text` as a decimal number that fits; none for anything else, a sign or blanks included.
template <std::unsigned_integral T>
std::optional<T> ParseWholeNumber(std::string_view text) {
  T number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace baton
