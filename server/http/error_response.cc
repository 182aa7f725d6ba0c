// A status and its sentence.
#include "server/http/error_response.h"

#include "server/base/json_writer.h"

namespace baton::http {

Response ErrorResponse(int status, std::string_view message) {
  Response response;
  response.status = status;
  JsonWriter(response.body).BeginObject().Key("error").String(message).EndObject();
  return response;
}

Response TryLater(std::string_view message) {
  Response response = ErrorResponse(503, message);
  AppendHeader(response.headers, "Retry-After", "1");
  return response;
}

}  // namespace baton::http
