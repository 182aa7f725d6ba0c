// Looking for the first dimension of each name.
#include "server/models/named_dimensions.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace baton::models {
namespace {

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

const TensorSpec& SpecOf(const ModelInfo& info, std::string_view name) {
  return *std::find_if(info.inputs.begin(), info.inputs.end(),
                       [name](const TensorSpec& spec) { return spec.name == name; });
}

// A dimension of an input that a request has chosen.
struct ChosenSize {
  std::size_t input = 0;
  std::size_t dimension = 0;
};

std::string_view NameOf(const TensorSpec& spec, std::size_t dimension) {
  const bool is_open = spec.shape[dimension] == -1;
  return is_open && dimension < spec.dimension_names.size() ? spec.dimension_names[dimension]
                                                            : std::string_view();
}

// The first dimension that is called `name`. Requires: there is one.
ChosenSize FirstOf(std::string_view name, const ModelInfo& info, std::span<const Tensor> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec& spec = SpecOf(info, inputs[i].name);
    for (std::size_t d = 0; d < spec.shape.size(); ++d) {
      if (NameOf(spec, d) == name) return {i, d};
    }
  }
  return {};
}

}  // namespace

Status CheckNamedDimensions(const ModelInfo& info, std::span<const Tensor> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec& spec = SpecOf(info, inputs[i].name);
    for (std::size_t d = 0; d < spec.shape.size(); ++d) {
      const std::string_view name = NameOf(spec, d);
      if (name.empty()) continue;
      const auto [first, at] = FirstOf(name, info, inputs);
      const std::int64_t expected = inputs[first].shape[at];
      if (inputs[i].shape[d] == expected) continue;
      return Fail(ErrorCode::kInvalidArgument,
                  "input " + Quoted(inputs[i].name) + ": expected " + std::to_string(expected) +
                      " for dimension " + std::to_string(d) + " (" + Quoted(name) + "), as input " +
                      Quoted(inputs[first].name) + " of shape " + ToText(inputs[first].shape) +
                      " has, got " + ToText(inputs[i].shape),
                  "inputs[" + std::to_string(i) + "].shape");
    }
  }
  return {};
}

}  // namespace baton::models
