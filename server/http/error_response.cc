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

}  // namespace baton::http
