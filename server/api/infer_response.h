// Open Inference Protocol v2 inference bodies, written as JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::api {

struct InferResponse {
  std::string body;
  // The member `id` in it with the comma before it: without these bytes the body is still an
  // object. None when no `id` was given.
  std::size_t id_begin = 0;
  std::size_t id_size = 0;
};

// The response with every output's data flat; `id` is there when it was given.
// Errors: naming the output, as AppendElements.
Result<InferResponse> EncodeInferResponse(const models::ModelInfo& model,
                                          const std::optional<std::string>& id,
                                          std::span<const models::Tensor> outputs);

// A request for all outputs. Errors: as AppendElements, which calls the inputs outputs.
Result<std::string> EncodeInferRequest(std::span<const models::Tensor> inputs);

}  // namespace baton::api
