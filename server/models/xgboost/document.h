// The JSON or UBJSON document that an XGBoost model is, read without trusting it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/result.h"

namespace baton::models::xgboost {

struct Value;
using Values = std::vector<Value>;
using Numbers = std::vector<double>;

// values[i] is the member of the name keys[i].
struct Members {
  std::vector<std::string> keys;
  Values values;
};

// An array in which there are only numbers is `Numbers`, also when it is empty.
struct Value {
  std::variant<std::monostate, bool, double, std::string, Numbers, Values, Members> of;

  // Null when this is no object or has no such member.
  const Value* Find(std::string_view key) const;
};

// The same limits for both forms. Errors: kInvalidArgument, with the offset, for what is not of the
// form, ends too early or goes on too long, nests deeper than 32, or has a key twice in one object.

// JSON of RFC 8259, and NaN, Infinity and -Infinity, which XGBoost writes.
Result<Value> ReadJson(std::string_view text);
// The part of UBJSON draft 12 that XGBoost writes.
Result<Value> ReadUbjson(std::string_view bytes);

inline constexpr int kMaxDepth = 32;

// Puts `value` into `array`, which is Numbers for as long as it can be.
void Append(Value& array, Value value);
// Whether a key is in `members` twice.
bool HasTwins(const Members& members);

}  // namespace baton::models::xgboost
