// The builtin models, one function each; see builtin.h for what they do.
#pragma once

#include <memory>

#include "server/models/model.h"
#include "server/models/parameters.h"

namespace baton::models {

// Each takes `info` with name, version and platform, and fills in the tensors.
Result<std::unique_ptr<Model>> MakeIdentity(ModelInfo info, const Parameters& parameters);
Result<std::unique_ptr<Model>> MakeReverse(ModelInfo info, const Parameters& parameters);
Result<std::unique_ptr<Model>> MakeLinear(ModelInfo info, const Parameters& parameters);
Result<std::unique_ptr<Model>> MakeSleeper(ModelInfo info, const Parameters& parameters);
Result<std::unique_ptr<Model>> MakeSpinner(ModelInfo info, const Parameters& parameters);

}  // namespace baton::models
