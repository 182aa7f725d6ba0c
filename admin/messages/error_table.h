// What errors of the admin plane are called: by gRPC, and by the reason that goes with them.
#pragma once

#include <span>
#include <string_view>

#include "server/base/result.h"

namespace baton::admin {

// The domain of every reason: the "domain" of google.rpc.ErrorInfo.
inline constexpr std::string_view kErrorDomain = "baton";

struct ErrorRow {
  ErrorCode code = ErrorCode::kInternal;
  int grpc_code = 0;
  std::string_view grpc_name;  // "INVALID_ARGUMENT"
  std::string_view reason;     // "VALUE_NOT_ALLOWED": the "reason" of google.rpc.ErrorInfo
  std::string_view meaning;    // what happened
  std::string_view remedy;     // what to do about it
};

// A row for each of our errors.
std::span<const ErrorRow> ErrorRows();
const ErrorRow& RowOf(ErrorCode code);
// Of the first row that has this reason, or, where none has, this gRPC code; kInternal where there
// is none.
ErrorCode CodeOf(int grpc_code, std::string_view reason);

}  // namespace baton::admin
