// Errors as HTTP says them.
#include "server/api/error_body.h"

#include "server/base/json_writer.h"

namespace baton::api {

std::string ErrorBody(std::string_view message, std::string_view field) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("error").String(message);
  if (!field.empty()) json.Key("field").String(field);
  json.EndObject();
  return body;
}

int HttpStatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 400;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kAborted: return 409;
    case ErrorCode::kTooLarge: return 413;
    case ErrorCode::kUnsupported: return 415;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kDeadlineExceeded: return 504;
    case ErrorCode::kInternal: break;
  }
  return 500;
}

}  // namespace baton::api
