// KEY=VALUE texts taken apart, with a hint at the key that was probably meant.
#include "server/control/key_values.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "server/base/nearest_word.h"

namespace baton::control {
namespace {

using Names = std::span<const std::string_view>;

tl::unexpected<Error> UnknownKey(const std::string& key, std::string_view what, Names keys) {
  std::string message =
      "unknown setting '" + key + "' of " + std::string(what) + ": expected one of " + Listed(keys);
  const std::string_view nearest = NearestWord(key, keys);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
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
