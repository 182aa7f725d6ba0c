// Walks a tree from its root: every index is in range and no node is come to twice.
#include "server/models/xgboost/check_tree.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "server/base/whole_number.h"
#include "server/models/xgboost/check_model.h"

namespace baton::models::xgboost {
namespace {

constexpr std::int64_t kMaxNodes = std::int64_t{1} << 30;
constexpr std::int64_t kNoChild = -1;
constexpr std::int64_t kMaxFeature = std::numeric_limits<std::uint32_t>::max();

struct Nodes {
  std::size_t count = 0;
  const Numbers* left = nullptr;
  const Numbers* right = nullptr;
  const Numbers* parents = nullptr;
  const Numbers* features = nullptr;
  const Numbers* split_types = nullptr;

  bool IsLeaf(std::size_t node) const { return (*left)[node] == kNoChild; }
};

// Whether the member is one entry a node; any numbers.
bool IsOneEach(const Value& tree, std::string_view member, std::size_t count) {
  const Value* const value = tree.Find(member);
  if (const auto* const numbers = As<Numbers>(value)) return numbers->size() == count;
  // default_left was written as booleans once.
  const auto* const values = As<Values>(value);
  return values != nullptr && values->size() == count &&
         std::all_of(values->begin(), values->end(),
                     [](const Value& each) { return std::holds_alternative<bool>(each.of); });
}

Result<Nodes> FindNodes(const Value& tree, const ModelSize& size) {
  const Value* const parameters = tree.Find("tree_param");
  const auto count = Whole(parameters, "num_nodes", 1, kMaxNodes);
  if (!count) return Wrong("tree_param.num_nodes", "at least 1");
  const auto features = Whole(parameters, "num_feature", 0, kMaxFeatures);
  if (!features || (*features != size.features && *features != 0)) {
    return Wrong("tree_param.num_feature", std::to_string(size.features));
  }
  if (!Whole(parameters, "size_leaf_vector", 0, 1)) {
    return Wrong("tree_param.size_leaf_vector", "0 or 1");
  }
  Nodes nodes;
  nodes.count = static_cast<std::size_t>(*count);
  constexpr std::array kMembers = {"base_weights",     "default_left",  "left_children",
                                   "loss_changes",     "parents",       "right_children",
                                   "split_conditions", "split_indices", "sum_hessian"};
  for (const char* const member : kMembers) {
    if (!IsOneEach(tree, member, nodes.count)) {
      return Wrong(member, std::to_string(nodes.count) + " entries, one a node");
    }
  }
  nodes.left = As<Numbers>(tree.Find("left_children"));
  nodes.right = As<Numbers>(tree.Find("right_children"));
  nodes.parents = As<Numbers>(tree.Find("parents"));
  nodes.features = As<Numbers>(tree.Find("split_indices"));
  nodes.split_types = As<Numbers>(tree.Find("split_type"));
  for (const Numbers* const each : {nodes.left, nodes.right, nodes.parents, nodes.features}) {
    if (each == nullptr) return Wrong("left_children, ..., split_indices", "numbers");
  }
  const bool has_types = tree.Find("split_type") != nullptr;  // not before 1.3
  if (has_types && (nodes.split_types == nullptr || nodes.split_types->size() != nodes.count)) {
    return Wrong("split_type", std::to_string(nodes.count) + " entries, one a node");
  }
  return nodes;
}

Status CheckNode(const Nodes& nodes, std::size_t node, const ModelSize& size) {
  const auto last = static_cast<std::int64_t>(nodes.count) - 1;
  const std::string place = "[" + std::to_string(node) + "]";
  if (nodes.IsLeaf(node)) {
    if ((*nodes.right)[node] == kNoChild) return {};
    return Wrong("right_children" + place, "-1, as the left one is");
  }
  if (!IsWhole((*nodes.left)[node], 1, last)) return Wrong("left_children" + place, "a node");
  if (!IsWhole((*nodes.right)[node], 1, last)) return Wrong("right_children" + place, "a node");
  if (IsWhole((*nodes.features)[node], 0, size.features - 1)) return {};
  return Wrong("split_indices" + place, "below " + std::to_string(size.features));
}

Status Walk(const Nodes& nodes, const ModelSize& size) {
  std::vector<bool> is_seen(nodes.count);
  std::vector<std::size_t> to_do = {0};
  while (!to_do.empty()) {
    const std::size_t node = to_do.back();
    to_do.pop_back();
    if (is_seen[node]) return Wrong("left_children, right_children", "each node once");
    is_seen[node] = true;
    if (Status status = CheckNode(nodes, node, size); !status) return status;
    if (nodes.IsLeaf(node)) continue;
    to_do.push_back(static_cast<std::size_t>((*nodes.left)[node]));
    to_do.push_back(static_cast<std::size_t>((*nodes.right)[node]));
  }
  return {};
}

// Nodes that were pruned away are still there, and read.
Status CheckAllNodes(const Nodes& nodes) {
  const auto last = static_cast<std::int64_t>(nodes.count) - 1;
  for (std::size_t node = 0; node < nodes.count; ++node) {
    const std::string place = "[" + std::to_string(node) + "]";
    const bool is_whole = IsWhole((*nodes.left)[node], kNoChild, kMaxNodes) &&
                          IsWhole((*nodes.right)[node], kNoChild, kMaxNodes) &&
                          IsWhole((*nodes.features)[node], 0, kMaxFeature);
    if (!is_whole)
      return Wrong("left_children, right_children, split_indices" + place, "whole numbers");
    // The parent of the root is no node.
    if (node > 0 && !IsWhole((*nodes.parents)[node], 0, last)) {
      return Wrong("parents" + place, "a node");
    }
  }
  return {};
}

// The lists of categories are for the nodes that split by them, in the same order.
Status CheckCategories(const Value& tree, const Nodes& nodes) {
  const auto* const at = As<Numbers>(tree.Find("categories_nodes"));
  const auto* const begins = As<Numbers>(tree.Find("categories_segments"));
  const auto* const sizes = As<Numbers>(tree.Find("categories_sizes"));
  const auto* const all = As<Numbers>(tree.Find("categories"));
  const bool is_there = at != nullptr && begins != nullptr && sizes != nullptr && all != nullptr &&
                        begins->size() == at->size() && sizes->size() == at->size();
  if (!is_there) return Wrong("categories_nodes, _segments, _sizes", "arrays of the same length");
  std::size_t next = 0;
  double begin = 0;
  for (std::size_t node = 0; node < nodes.count; ++node) {
    const double type = (*nodes.split_types)[node];
    if (type == 0) continue;
    const bool is_listed = type == 1 && next < at->size() &&
                           (*at)[next] == static_cast<double>(node) && !nodes.IsLeaf(node);
    const bool is_segment = is_listed && (*begins)[next] == begin &&
                            IsWhole((*sizes)[next], 1, static_cast<std::int64_t>(all->size()));
    if (!is_segment) return Wrong("categories_segments", "one for each split by category");
    begin += (*sizes)[next++];
  }
  const bool is_used_up = next == at->size() && begin == static_cast<double>(all->size());
  const bool is_in_range = std::all_of(all->begin(), all->end(), [](double category) {
    return IsWhole(category, 0, kMaxCategory - 1);
  });
  if (is_used_up && is_in_range) return {};
  return Wrong("categories", "those of the splits, below 65536");
}

}  // namespace

bool IsWhole(double number, std::int64_t least, std::int64_t most) {
  return number >= static_cast<double>(least) && number <= static_cast<double>(most) &&
         number == std::floor(number);
}

std::optional<std::int64_t> Whole(const Value* parameters, std::string_view key, std::int64_t least,
                                  std::int64_t most) {
  if (parameters == nullptr) return std::nullopt;
  const auto* const text = As<std::string>(parameters->Find(key));
  if (text == nullptr) return std::nullopt;
  const auto number = ParseWholeNumber<std::uint32_t>(*text);
  if (!number || *number < least || *number > most) return std::nullopt;
  return *number;
}

tl::unexpected<Error> Wrong(std::string_view member, const std::string& expected) {
  return Fail(
      ErrorCode::kInvalidArgument,
      "is no XGBoost model as it should be: " + std::string(member) + ": expected " + expected,
      std::string(member));
}

Status CheckTree(const Value& tree, std::size_t index, const ModelSize& size) {
  const auto* const id = As<double>(tree.Find("id"));
  if (id == nullptr || *id != static_cast<double>(index)) return Wrong("id", std::to_string(index));
  const Result<Nodes> nodes = FindNodes(tree, size);
  if (!nodes) return tl::unexpected(nodes.error());
  if (Status status = CheckAllNodes(*nodes); !status) return status;
  if (Status status = Walk(*nodes, size); !status) return status;
  if (nodes->split_types == nullptr) return {};
  return CheckCategories(tree, *nodes);
}

}  // namespace baton::models::xgboost
