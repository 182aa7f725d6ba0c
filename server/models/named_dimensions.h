// Open dimensions that a model calls by one name.
#pragma once

#include <span>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::models {

// Whether they are of one size, for whoever wonders why a run has failed: a model may also run
// where they are not. Requires: CheckInputs is fine. Errors: kInvalidArgument, naming both inputs.
Status CheckNamedDimensions(const ModelInfo& info, std::span<const Tensor> inputs);

}  // namespace baton::models
