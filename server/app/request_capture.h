// What of a request is kept where an operator captures requests.
#pragma once

#include <memory>
#include <string_view>

#include "server/api/grpc/infer_call.h"
#include "server/app/request_records.h"
#include "server/control/captures.h"
#include "server/http/message.h"

namespace baton::app {

// Keeps what is wanted of a request that has come, with a copy of its body, which is the model's
// from then on. Nothing where no capture wants it: then it costs a relaxed load.
// `captures`: null where there are none. Of gRPC `body` is the serialized message.
void CaptureRequest(control::Captures* captures, const http::Request& request,
                    RequestRecord& record);
void CaptureCall(control::Captures* captures, const api::InferCall& call, std::string_view body,
                 RequestRecord& record);

// Its answer has left, or its client: gives what was kept of it to the one who captures.
// Requires: something is.
void EndCapture(control::Captures& captures, const RequestRecord& record, SteadyTime done);

}  // namespace baton::app
