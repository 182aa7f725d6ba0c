// Rows of a predict request to the tensors of a model, and back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/api/json.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::api {

struct Rows {
  std::vector<models::Tensor> inputs;  // one a model input, the first dimension is the row
  std::size_t count = 0;
};

// Errors: kInvalidArgument naming the instance or field, what was expected and what came.
Result<Rows> DecodeInstances(const std::string& body, const models::ModelInfo& model,
                             std::size_t json_depth = kUsualJsonDepth);

// {"predictions": [...]}, one for each of `count` rows.
// Errors: kInvalidArgument for an output without a row for each, otherwise as AppendElements.
Result<std::string> EncodePredictions(std::span<const models::Tensor> outputs, std::size_t count);

// {"instances": [...]}, each row an object with its value of every input.
// Errors: kInvalidArgument for inputs that do not have the same rows, otherwise as AppendElements,
// which calls them outputs.
Result<std::string> EncodeInstances(std::span<const models::Tensor> inputs);

}  // namespace baton::api
