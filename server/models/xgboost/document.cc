// What both forms share.
#include "server/models/xgboost/document.h"

#include <algorithm>
#include <utility>

namespace baton::models::xgboost {

const Value* Value::Find(std::string_view key) const {
  const auto* const members = std::get_if<Members>(&of);
  if (members == nullptr) return nullptr;
  const auto found = std::find(members->keys.begin(), members->keys.end(), key);
  if (found == members->keys.end()) return nullptr;
  return &members->values[static_cast<std::size_t>(found - members->keys.begin())];
}

void Append(Value& array, Value value) {
  if (auto* const numbers = std::get_if<Numbers>(&array.of)) {
    if (const auto* const number = std::get_if<double>(&value.of)) {
      numbers->push_back(*number);
      return;
    }
    Values values(numbers->size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i].of = (*numbers)[i];
    array.of = std::move(values);
  }
  std::get<Values>(array.of).push_back(std::move(value));
}

bool HasTwins(const Members& members) {
  std::vector<std::string_view> keys(members.keys.begin(), members.keys.end());
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

}  // namespace baton::models::xgboost
