// An answer as gRPC says it: the status, and what HTTP says in headers as trailing metadata.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "server/api/answer_response.h"
#include "server/base/result.h"

namespace baton::api {

// NOT_FOUND, UNAVAILABLE and DEADLINE_EXCEEDED mean what 404, 503 and 504 mean, RESOURCE_EXHAUSTED
// a message over the limit, INTERNAL a failed model, and INVALID_ARGUMENT every other fault of the
// client's.
grpc::Status StatusOf(const AnswerView& view);
// Of the calls that have no tickets.
grpc::Status StatusOf(const Error& error);

// baton-answer, and where they apply baton-cause, baton-budget-ms, retry-after, age,
// traceparent, tracestate, server-timing, baton-predicted-wait-ms and the report of the load.
void AddTrailingMetadata(grpc::ServerContext& context, const AnswerView& view);

}  // namespace baton::api
