// One pass over numbers and strings.
#include "server/api/json_wide_integers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace baton::api {
namespace {

constexpr std::string_view kNumber = "+-.0123456789Ee";

bool IsTooWide(std::string_view number) {
  const bool is_negative = number.front() == '-';
  const std::string_view digits = number.substr(is_negative ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return false;
  }
  const char* const end = number.data() + number.size();
  std::int64_t low = 0;
  std::uint64_t high = 0;
  const auto read = is_negative ? std::from_chars(number.data(), end, low)
                                : std::from_chars(number.data(), end, high);
  return read.ec == std::errc::result_out_of_range;
}

// Behind the string that begins at `at`.
std::size_t EndOfString(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

}  // namespace

std::optional<std::string> WidenIntegers(std::string_view text) {
  std::string widened;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at = EndOfString(text, at);
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of(kNumber, at), text.size());
    if (end > at && IsTooWide(text.substr(at, end - at))) {
      widened.append(text.substr(copied, end - copied)).append(".0");
      copied = end;
    }
    at = std::max(end, at + 1);
  }
  if (copied == 0) return std::nullopt;
  widened.append(text.substr(copied));
  return widened;
}

}  // namespace baton::api
