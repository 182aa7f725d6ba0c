// An Open Inference Protocol v2 inference response as JSON.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::api {

// The body with every output's data flat; `id` is there when it was given.
// Errors: naming the output, as AppendElements.
Result<std::string> EncodeInferResponse(const models::ModelInfo& model,
                                        const std::optional<std::string>& id,
                                        std::span<const models::Tensor> outputs);

}  // namespace baton::api
