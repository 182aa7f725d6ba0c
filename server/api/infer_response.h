// Open Inference Protocol v2 inference bodies, written as JSON and raw tensors.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "server/api/output_forms.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::api {

struct InferBody {
  std::string text;
  // As many bytes of it are JSON, and raw tensors follow; none where it is all JSON.
  std::optional<std::size_t> json_bytes = {};
  // The member `id` in it with the comma before it: without these bytes the JSON is still an
  // object. None when no `id` was given.
  std::size_t id_begin = 0;
  std::size_t id_size = 0;
};

// The response with every output in its form: data flat in the JSON, or raw behind it, copied once.
// `id` is there when it was given. Errors: naming the output, as AppendElements, RawSize and
// Classify.
Result<InferBody> EncodeInferResponse(const models::ModelInfo& model,
                                      const std::optional<std::string>& id,
                                      std::span<const models::Tensor> outputs,
                                      const OutputForms& forms = {});

// A request for all outputs. Inputs without a JSON form are raw, with `is_raw` all of them; where
// any is, the outputs are to be raw too.
// Errors: as AppendElements and RawSize, which call the inputs outputs.
Result<InferBody> EncodeInferRequest(std::span<const models::Tensor> inputs, bool is_raw = false);

}  // namespace baton::api
