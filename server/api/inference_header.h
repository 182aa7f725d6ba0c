// Where a body says that its JSON ends and binary tensors begin (Open Inference Protocol).
#pragma once

#include <optional>

#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::api {

// The fault in Inference-Header-Content-Length: kInvalidArgument unless it is absent, or names the
// whole body, which then is all JSON; binary tensors are not served yet. Requires: the request is
// complete.
std::optional<Error> FaultOfInferenceHeader(const http::Request& request);

}  // namespace baton::api
