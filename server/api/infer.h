// POST /v2/models/{m}/infer: the Open Inference Protocol.
#pragma once

#include <memory>

#include "server/api/json.h"
#include "server/api/model_handler.h"
#include "server/serve/handler.h"

namespace baton::api {

// Decodes, predicts and encodes. A smaller budget in the body shortens the deadline before the
// model runs.
std::unique_ptr<serve::Handler> MakeInferHandler(HandledModel handled,
                                                 std::size_t json_depth = kUsualJsonDepth);

}  // namespace baton::api
