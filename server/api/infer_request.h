// An Open Inference Protocol v2 inference request out of its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/api/json.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::api {

struct InferRequest {
  std::optional<std::string> id;
  std::optional<Duration> timeout;        // `parameters.timeout`, microseconds; none for 0
  std::optional<std::uint64_t> priority;  // `parameters.priority`
  std::vector<models::Tensor> inputs;
  std::vector<std::string> outputs;  // the names asked for; empty for all
};

// Decodes a body whose tensors are JSON. Members that the protocol does not know are left alone,
// and so are a timeout and a priority that are no whole numbers. Errors: kInvalidArgument naming
// the field, what was expected and what came; also where the binary tensor extension is asked for,
// which is not served yet.
Result<InferRequest> DecodeInferRequest(const std::string& body,
                                        std::size_t json_depth = kUsualJsonDepth);

}  // namespace baton::api
