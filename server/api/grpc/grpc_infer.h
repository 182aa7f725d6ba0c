// inference.GRPCInferenceService/ModelInfer: the Open Inference Protocol over gRPC.
#pragma once

#include <memory>

#include "server/api/model_handler.h"
#include "server/serve/handler.h"

namespace baton::api {

// As MakeInferHandler, for serialized messages: Call::body is a ModelInferRequest, the outcome's
// body a ModelInferResponse.
std::unique_ptr<serve::Handler> MakeGrpcInferHandler(HandledModel handled);

}  // namespace baton::api
