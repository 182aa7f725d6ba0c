// The sample requests of the bundled models: held-out rows as complete infer requests.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace baton::client {

struct Sample {
  std::string_view model;
  std::string_view json;  // the body of an Open Inference Protocol infer request
};

// All of them, in a fixed order. They live as long as the program.
std::span<const Sample> AllSamples();

// The request for `model`; empty for a model that is not bundled.
std::optional<std::string_view> FindSample(std::string_view model);

}  // namespace baton::client
