// The one table from our errors to gRPC's status.
#pragma once

#include <string_view>

#include "server/base/result.h"

namespace grpc {
class Status;
}

namespace baton::admin {

// The message starts with the field in question, where there is one and the message does not name
// it.
grpc::Status ToGrpcStatus(const Error& error);

// gRPC's name of a status code, such as "OK" or "NOT_FOUND"; "UNKNOWN" for a number that is none.
std::string_view GrpcCodeName(int code);

}  // namespace baton::admin
