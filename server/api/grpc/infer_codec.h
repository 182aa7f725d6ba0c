// Inference requests and responses of the protocol's gRPC form, as serialized messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/api/model_handler.h"
#include "server/api/output_forms.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"
#include "server/serve/handler.h"

namespace baton::api {

// Decodes a serialized ModelInferRequest. Elements come raw for every input, or as `contents` in
// the field of their datatype; FP16 and BF16 travel raw only. Parameters that the protocol does not
// know are left alone, and so are a timeout and a priority that are no whole numbers.
// Errors: kInvalidArgument naming the field, what was expected and what came; also where shared
// memory is asked for, which is not served.
// Raw elements that are aligned in `message` are borrowed, others copied once: it outlives the
// request.
Result<ModelRequest> DecodeGrpcRequest(std::string_view message);

// A serialized ModelInferResponse with every output raw, of those with `classes` in their form the
// largest elements as text; `id` is there when it was given, as the outcome's own part.
// Errors: as RawSize and Classify. Cost: the elements are copied once.
Result<serve::Outcome> EncodeGrpcResponse(const models::ModelInfo& model,
                                          const std::optional<std::string>& id,
                                          std::span<const models::Tensor> outputs,
                                          const OutputForms& forms = {});

// A serialized ModelInferRequest for all outputs, raw. Errors: as RawSize.
Result<std::string> EncodeGrpcRequest(std::span<const models::Tensor> inputs);

// What an operator declares as a fallback, a JSON object in the form of the protocol's responses,
// as a serialized ModelInferResponse without an id. None when it has no `outputs` that decode.
// Requires: no document that this thread has parsed is still in use.
std::optional<std::string> GrpcConstant(const std::string& json);

}  // namespace baton::api
