// KEY=VALUE texts taken apart, with a hint at the key that was probably meant.
#include "server/control/key_values.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>
#include <vector>

namespace baton::control {
namespace {

using Names = std::span<const std::string_view>;

// How many letters have to be changed, put in or taken out to get from one word to the other.
std::size_t EditDistance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

tl::unexpected<Error> UnknownKey(const std::string& key, std::string_view what, Names keys) {
  const auto nearest =
      std::min_element(keys.begin(), keys.end(), [&key](std::string_view a, std::string_view b) {
        return EditDistance(key, a) < EditDistance(key, b);
      });
  std::string message =
      "unknown setting '" + key + "' of " + std::string(what) + ": expected one of " + Listed(keys);
  if (EditDistance(key, *nearest) <= nearest->size() / 2) {
    message += "; did you mean " + std::string(*nearest) + "?";
  }
  return Fail(ErrorCode::kInvalidArgument, std::move(message), key);
}

}  // namespace

Result<KeyValue> ReadKeyValue(const std::string& text, std::string_view what, Names keys) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "expected KEY=VALUE (such as " + std::string(keys.front()) + "=...), got '" + text + "'");
  }
  KeyValue read{text.substr(0, equals), text.substr(equals + 1)};
  if (std::find(keys.begin(), keys.end(), read.key) == keys.end()) {
    return UnknownKey(read.key, what, keys);
  }
  return read;
}

Result<int> ReadWholeNumber(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) {
    return Fail(ErrorCode::kInvalidArgument, "expected a whole number, got '" + text + "'");
  }
  return number;
}

std::string Listed(Names names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace baton::control
