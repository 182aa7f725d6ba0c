// Whether the arrays of one tree are a tree; and small words that the checks of a model share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/models/xgboost/document.h"

namespace baton::models::xgboost {

struct ModelSize {
  std::int64_t features = 0;
  std::int64_t groups = 1;  // outputs a row
};

// Null when there is none, or of another type.
template <typename T>
const T* As(const Value* value) {
  return value == nullptr ? nullptr : std::get_if<T>(&value->of);
}

bool IsWhole(double number, std::int64_t least, std::int64_t most);

// parameters[key], which XGBoost writes as a text of digits; empty when it is not there or not in
// the range.
std::optional<std::int64_t> Whole(const Value* parameters, std::string_view key, std::int64_t least,
                                  std::int64_t most);

tl::unexpected<Error> Wrong(std::string_view member, const std::string& expected);

// `index`: which of the model's trees it is, and says it is: XGBoost puts it there.
// Errors: kInvalidArgument, naming the member.
Status CheckTree(const Value& tree, std::size_t index, const ModelSize& size);

}  // namespace baton::models::xgboost
