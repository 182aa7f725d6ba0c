// POST /v1/models/{m}:predict: rows in, rows out, as TensorFlow Serving's REST interface has them.
#pragma once

#include <memory>

#include "server/api/json.h"
#include "server/api/model_handler.h"
#include "server/serve/handler.h"

namespace baton::api {

// {"instances": [row, ...]} becomes {"predictions": [row, ...]}, in the same order.
// An instance is the row's value for the model's only input (nested, flat, or the bare element
// where a row has no dimensions), or an object {"<input>": value, ...}, which models of several
// inputs need; all in one form. A prediction is the row of the only output, nested, or an object
// {"<output>": value, ...}. Errors: kInvalidArgument naming the
// instance, what was expected and what came; also for a model whose inputs or outputs are no rows.
std::unique_ptr<serve::Handler> MakePredictHandler(HandledModel handled,
                                                   std::size_t json_depth = kUsualJsonDepth);

}  // namespace baton::api
