// The table of google.rpc.Code, and the body.
#include "admin/service/http_error.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/base/json_writer.h"

namespace baton::admin {

int HttpStatusOf(std::string_view code) {
  static constexpr std::array<std::pair<std::string_view, int>, 16> kStatuses = {
      {{"OK", 200},
       {"CANCELLED", 499},
       {"INVALID_ARGUMENT", 400},
       {"DEADLINE_EXCEEDED", 504},
       {"NOT_FOUND", 404},
       {"ALREADY_EXISTS", 409},
       {"PERMISSION_DENIED", 403},
       {"RESOURCE_EXHAUSTED", 429},
       {"FAILED_PRECONDITION", 400},
       {"ABORTED", 409},
       {"OUT_OF_RANGE", 400},
       {"UNIMPLEMENTED", 501},
       {"INTERNAL", 500},
       {"UNAVAILABLE", 503},
       {"DATA_LOSS", 500},
       {"UNAUTHENTICATED", 401}}};
  const auto* const found = std::find_if(kStatuses.begin(), kStatuses.end(),
                                         [code](const auto& row) { return row.first == code; });
  return found == kStatuses.end() ? 500 : found->second;
}

std::string HttpErrorBody(int status, std::string_view code, std::string_view message,
                          std::string_view field) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("error").BeginObject();
  json.Key("code").Number(status).Key("message").String(message).Key("status").String(code);
  json.Key("details").BeginArray();
  if (!field.empty()) {
    json.BeginObject().Key("@type").String("type.googleapis.com/google.rpc.BadRequest");
    json.Key("field_violations").BeginArray().BeginObject();
    json.Key("field").String(field).Key("description").String(message);
    json.EndObject().EndArray().EndObject();
  }
  json.EndArray().EndObject().EndObject();
  body += '\n';
  return body;
}

}  // namespace baton::admin
