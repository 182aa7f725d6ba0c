// The methods of GRPCInferenceService that need no ticket, answered out of the directory.
#pragma once

#include <functional>

#include "server/api/model_directory.h"
#include "server/rpc/plain_method.h"

namespace baton::api {

// All but ModelInfer. `directory` outlives them. `post` runs a task on the queue's thread, and may
// be called from any: what loads a model is done on another one.
using PostToQueue = std::function<void(std::function<void()> task)>;
rpc::PlainMethods MakeInferenceMethods(const ModelDirectory& directory, const PostToQueue& post);

}  // namespace baton::api
