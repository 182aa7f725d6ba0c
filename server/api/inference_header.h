// Where a body says that its JSON ends and raw tensors begin (Open Inference Protocol).
#pragma once

#include <cstddef>
#include <optional>

#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::api {

inline constexpr const char* kInferenceHeader = "Inference-Header-Content-Length";

// What Inference-Header-Content-Length says: the size of the JSON at the body's start, which the
// raw tensors follow. None without the header: the body is all JSON. A body that is gzip is held
// against it only once it is expanded. Errors: kInvalidArgument, when it is no size or larger than
// the body. Requires: the request is complete.
Result<std::optional<std::size_t>> ReadInferenceHeader(const http::Request& request,
                                                       bool body_is_gzip);

// The fault in the header where it says that the JSON has `said` bytes, of a body of `bytes`.
std::optional<Error> FaultOfInferenceHeader(std::size_t said, std::size_t bytes);

}  // namespace baton::api
