// Where a body says that its JSON ends and binary tensors begin (Open Inference Protocol).
#pragma once

#include <cstddef>
#include <optional>

#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::api {

// Checks Inference-Header-Content-Length, which may only name the whole body, as that is all JSON:
// binary tensors are not served yet. A body that is gzip can be checked only once it is expanded:
// returned is the size that it must then have; none without the header, and for a plain body.
// Errors: kInvalidArgument. Requires: the request is complete.
Result<std::optional<std::size_t>> CheckInferenceHeader(const http::Request& request,
                                                        bool body_is_gzip);

// The fault in the header where it says that the JSON has `said` bytes, of a body of `bytes`.
std::optional<Error> FaultOfInferenceHeader(std::size_t said, std::size_t bytes);

}  // namespace baton::api
