// The forms of names, numbers and labels.
#include "server/models/model_names.h"

#include <algorithm>
#include <cstddef>

#include "server/base/whole_number.h"

namespace baton::models {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiAlnum(char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

bool IsModelName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || !IsAsciiAlnum(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAsciiAlnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<std::int64_t> ParseVersion(std::string_view text) {
  const auto number = ParseWholeNumber<std::uint64_t>(text);
  if (!number || text.front() == '0' || *number > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

bool IsVersionLabel(std::string_view text) {
  return IsModelName(text) && !std::all_of(text.begin(), text.end(), IsDigit);
}

}  // namespace baton::models
