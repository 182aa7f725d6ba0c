// KEY=VALUE texts taken apart, with a hint at the key that was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::control {

struct KeyValue {
  std::string key;  // one of those that were allowed
  std::string value;
};

// Splits at the first "=". `what` names the thing that has the keys ("pool"). Fails with
// kInvalidArgument for what is no KEY=VALUE and for a key that is not among `keys`.
Result<KeyValue> ReadKeyValue(const std::string& text, std::string_view what,
                              std::span<const std::string_view> keys);

Result<int> ReadWholeNumber(const std::string& text);

// "a, b, c".
std::string Listed(std::span<const std::string_view> names);

}  // namespace baton::control
