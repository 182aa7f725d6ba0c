// POST /v2/models/{m}/infer: the Open Inference Protocol with JSON tensors.
#pragma once

#include <memory>

#include "server/api/json.h"
#include "server/models/repository.h"
#include "server/serve/handler.h"

namespace baton::api {

// Decodes, chooses the version (the latest unless the call names one), predicts and encodes. A
// smaller budget in the body shortens the deadline before the model runs. `versions` outlives the
// handler.
std::unique_ptr<serve::Handler> MakeInferHandler(const models::ModelVersions& versions,
                                                 std::size_t json_depth = kUsualJsonDepth);

}  // namespace baton::api
