// The one table of the admin plane's errors.
#include "admin/messages/error_table.h"

#include <algorithm>

#include <grpcpp/support/status_code_enum.h>

namespace baton::admin {

std::span<const ErrorRow> ErrorRows() {
  using enum grpc::StatusCode;
  static constexpr ErrorRow kRows[] = {
      {ErrorCode::kInvalidArgument, INVALID_ARGUMENT, "INVALID_ARGUMENT", "VALUE_NOT_ALLOWED",
       "a field is wrong, or a model does not load",
       "send what is allowed; the details name the field, what is allowed and what came"},
      {ErrorCode::kNotFound, NOT_FOUND, "NOT_FOUND", "NO_SUCH_RESOURCE",
       "there is no such endpoint, model or operation", "list what there is"},
      {ErrorCode::kAlreadyExists, ALREADY_EXISTS, "ALREADY_EXISTS", "EXISTS_ALREADY",
       "it is there already", "use the one that is there, or another name"},
      {ErrorCode::kFailedPrecondition, FAILED_PRECONDITION, "FAILED_PRECONDITION", "WRONG_MOMENT",
       "the wrong moment for it", "the message says what has to be done before"},
      {ErrorCode::kResourceExhausted, RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", "LIMIT_REACHED",
       "a limit of the server is reached", "try again when what goes on has ended"},
      {ErrorCode::kUnavailable, UNAVAILABLE, "UNAVAILABLE", "NOT_READY",
       "the server starts, stops or is not there", "try again, after a pause that grows"},
      {ErrorCode::kDeadlineExceeded, DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "OUT_OF_TIME",
       "no answer within the time that the caller gave",
       "give it more time; a change may have been made all the same: look before doing it again"},
      {ErrorCode::kTooLarge, INVALID_ARGUMENT, "INVALID_ARGUMENT", "TOO_LARGE",
       "what was sent is larger than may be", "send less"},
      {ErrorCode::kUnsupported, UNIMPLEMENTED, "UNIMPLEMENTED", "NOT_SERVED",
       "a server of another version, which does not have the call",
       "use the batonctl of the server's version"},
      {ErrorCode::kAborted, ABORTED, "ABORTED", "STALE_ETAG",
       "the etag is no longer the current one: somebody else has changed it",
       "read it again, and decide again"},
      {ErrorCode::kInternal, INTERNAL, "INTERNAL", "FAULT_OF_THE_SERVER", "the server's own fault",
       "report it, with what is in the log at that time"},
  };
  return kRows;
}

const ErrorRow& RowOf(ErrorCode code) {
  const auto rows = ErrorRows();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [code](const auto& row) { return row.code == code; });
  return found == rows.end() ? rows.back() : *found;
}

ErrorCode CodeOf(int grpc_code, std::string_view reason) {
  const auto rows = ErrorRows();
  const auto exact = std::find_if(rows.begin(), rows.end(),
                                  [reason](const auto& row) { return row.reason == reason; });
  if (exact != rows.end()) return exact->code;
  const auto near = std::find_if(rows.begin(), rows.end(), [grpc_code](const auto& row) {
    return row.grpc_code == grpc_code;
  });
  return near == rows.end() ? ErrorCode::kInternal : near->code;
}

}  // namespace baton::admin
