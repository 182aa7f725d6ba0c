// Our errors as gRPC's status, with what is known of them as details.
#pragma once

#include <string_view>

#include "server/base/result.h"

namespace google::rpc {
class Status;
}
namespace grpc {
class Status;
}

namespace baton::admin {

// The message starts with the field in question, where there is one and the message does not name
// it. The details are a google.rpc.ErrorInfo with the reason of the error table, and, of a wrong
// field, a google.rpc.BadRequest that names it. "allowed" and "got" are in the metadata of the
// former, where they are known.
google::rpc::Status ToRpcStatus(const Error& error);
// With the whole of that in the trailing metadata, as `grpc-status-details-bin`; a message that is
// too long for that goes alone.
grpc::Status ToGrpcStatus(const Error& error);

// gRPC's name of a status code, such as "OK" or "NOT_FOUND"; "UNKNOWN" for a number that is none.
std::string_view GrpcCodeName(int code);

}  // namespace baton::admin
