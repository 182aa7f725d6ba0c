// The models that are embedded in the binary, with a request for each.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace baton::models {

struct BundledModel {
  std::string_view name;
  std::span<const std::byte> onnx;
  std::string_view sample;  // an infer request in JSON
};

// All of them, by name. Lives as long as the process.
std::span<const BundledModel> BundledModels();

// One request row for a bundled model from its held-out rows, as an OIP infer request in JSON;
// empty when there is none of the name.
std::string_view BundledSample(std::string_view model_name);

}  // namespace baton::models
