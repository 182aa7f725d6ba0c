// One range, read with care for numbers of any length.
#include "server/http/byte_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "server/http/characters.h"

namespace baton::http {
namespace {

// What does not fit is behind the end of everything. Empty when `text` is not all digits.
std::optional<std::uint64_t> ReadPosition(std::string_view text) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (kLargest - digit) / 10 ? kLargest : number * 10 + digit;
  }
  return number;
}

ByteRange Part(std::uint64_t first, std::uint64_t size) {
  return {ByteRange::Kind::kPart, first, size};
}

}  // namespace

ByteRange ChooseRange(std::string_view header, std::uint64_t size) {
  constexpr ByteRange kUnsatisfiable{ByteRange::Kind::kUnsatisfiable, 0, 0};
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  const std::size_t equals = header.find('=');
  if (equals == header.npos || !EqualsIgnoreCase(header.substr(0, equals), "bytes")) return whole;
  const std::string_view range = Trim(header.substr(equals + 1));
  const std::size_t dash = range.find('-');
  if (dash == range.npos || range.find(',') != range.npos) return whole;

  const auto last = ReadPosition(range.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return whole;
    if (*last == 0) return kUnsatisfiable;
    return size == 0 ? whole : Part(size - std::min(*last, size), std::min(*last, size));
  }
  const auto first = ReadPosition(range.substr(0, dash));
  const bool is_open = dash + 1 == range.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return whole;
  if (*first >= size) return kUnsatisfiable;
  return Part(*first, is_open ? size - *first : std::min(*last - *first, size - 1 - *first) + 1);
}

}  // namespace baton::http
