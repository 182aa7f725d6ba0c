// An Open Inference Protocol v2 inference request out of its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/api/json.h"
#include "server/api/output_forms.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::api {

struct InferRequest {
  std::optional<std::string> id;
  std::optional<Duration> timeout;        // `parameters.timeout`, microseconds; none for 0
  std::optional<std::uint64_t> priority;  // `parameters.priority`
  std::vector<models::Tensor> inputs;
  std::vector<std::string> outputs;  // the names asked for; empty for all
  OutputForms forms;
};

// Decodes a body whose tensors are all JSON. Members that the protocol does not know are left
// alone, and so are a timeout and a priority that are no whole numbers. Errors: kInvalidArgument
// naming the field, what was expected and what came.
Result<InferRequest> DecodeInferRequest(const std::string& body,
                                        std::size_t json_depth = kUsualJsonDepth);

// Decodes a body whose first `json_bytes` are JSON, all of it without; raw tensors follow, in the
// order of the inputs that have `parameters.binary_data_size` instead of data. They are borrowed
// where they are aligned: `body` stays as it is while the request lives. With 0 the body is the one
// input of `model` and nothing else: its open dimension is as large as the body makes it; of BYTES
// it is one element, without its length; and all outputs are to come raw. Errors: as above, and
// where raw tensors do not fill the rest of the body, or not their shape.
Result<InferRequest> DecodeInferRequest(const std::string& body,
                                        std::optional<std::size_t> json_bytes,
                                        const models::ModelInfo& model,
                                        std::size_t json_depth = kUsualJsonDepth);

}  // namespace baton::api
