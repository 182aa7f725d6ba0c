// Whether a document is an XGBoost model that the library can be given.
#pragma once

#include <cstdint>

#include "server/base/result.h"
#include "server/models/xgboost/document.h"

namespace baton::models::xgboost {

inline constexpr std::int64_t kMaxFeatures = 1 << 20;
inline constexpr std::int64_t kMaxGroups = 1 << 16;    // classes or targets
inline constexpr std::int64_t kMaxCategory = 1 << 16;  // of a categorical split

// XGBoost 1.7 follows the indexes of a model file without looking where they lead. So: the version
// is 1.x, the booster is gbtree or dart, all sizes agree with the arrays they speak of, every tree
// is a tree, and every feature, output and category is one that there is.
//
// Returns the number of features. Errors: kInvalidArgument, naming the member; for a version other
// than 1.x first of all.
Result<std::int64_t> CheckModel(const Value& document);

}  // namespace baton::models::xgboost
