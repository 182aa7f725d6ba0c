// Each route's operation; what they share is in the components.
#include "server/api/openapi.h"

#include <initializer_list>

#include "server/api/route_table.h"
#include "server/base/json_writer.h"
#include "server/http/message.h"

namespace baton::api {
namespace {

constexpr std::string_view kDescription =
    "Predictions inside a latency budget: every request is answered in time with a prediction, a "
    "declared fallback, or an honest refusal.";
constexpr std::size_t kMostExamples = 16;

void AppendRef(JsonWriter& json, std::string_view kind, std::string_view name) {
  std::string path = "#/components/";
  path.append(kind).append("/").append(name);
  json.BeginObject().Key("$ref").String(path).EndObject();
}

void AppendContent(JsonWriter& json, std::string_view schema, bool may_be_raw = false) {
  json.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  AppendRef(json, "schemas", schema);
  json.EndObject();
  if (may_be_raw) json.Key(http::kOctetStream).BeginObject().EndObject();
  json.EndObject();
}

// Names of models, or of versions, that are there.
void AppendPathParameter(JsonWriter& json, std::string_view name,
                         std::span<const ModelIndexEntry> models) {
  const bool is_model = name == "m";
  json.BeginObject().Key("name").String(name).Key("in").String("path").Key("required").Bool(true);
  json.Key("description").String(is_model ? "The model" : "Its version, or a label of one");
  json.Key("schema").BeginObject().Key("type").String("string").Key("minLength").Number(1);
  json.EndObject();
  if (!models.empty()) {
    json.Key("examples").BeginObject();
    std::string_view last;
    std::size_t count = 0;
    for (const ModelIndexEntry& entry : models) {
      const std::string& value = is_model ? entry.name : entry.version;
      if (entry.state != "READY" || value == last || count == kMostExamples) continue;
      json.Key(std::to_string(++count)).BeginObject().Key("value").String(value).EndObject();
      last = value;
    }
    json.EndObject();
  }
  json.EndObject();
}

bool IsCall(const RouteText& route) {
  return route.kind == RouteKind::kCall || route.kind == RouteKind::kTest;
}

bool Names(const RouteText& route, std::string_view parameter) {
  return route.pattern.find(parameter) != std::string_view::npos;
}

void AppendParameters(JsonWriter& json, const RouteText& route,
                      std::span<const ModelIndexEntry> models) {
  json.Key("parameters").BeginArray();
  if (Names(route, "{m}")) AppendPathParameter(json, "m", models);
  if (Names(route, "{v}")) AppendPathParameter(json, "v", models);
  if (IsCall(route)) {
    for (const std::string_view header :
         {"Budget", "GrpcTimeout", "EnvoyTimeout", "Criticality", "Explain"}) {
      AppendRef(json, "parameters", header);
    }
  }
  json.EndArray();
}

void AppendHeaders(JsonWriter& json, const RouteText& route, bool is_rated) {
  if (!IsCall(route)) return;
  json.Key("headers").BeginObject();
  for (const std::string_view header :
       {"Baton-Answer", "Baton-Budget-Ms", "Baton-Cause", "Server-Timing", "RateLimit"}) {
    if (header == "RateLimit" && !is_rated) continue;
    json.Key(header);
    AppendRef(json, "headers", header);
  }
  json.EndObject();
}

void AppendErrors(JsonWriter& json, std::initializer_list<std::string_view> statuses) {
  for (const std::string_view status : statuses) {
    json.Key(status);
    AppendRef(json, "responses", status);
  }
}

bool IsReadiness(const RouteText& route) {
  return route.route == Route::kReady || route.route == Route::kModelReady;
}

void AppendResponses(JsonWriter& json, const RouteText& route, bool needs_key) {
  json.Key("responses").BeginObject().Key("200").BeginObject();
  json.Key("description").String("What was asked for");
  AppendHeaders(json, route, needs_key);
  AppendContent(json, route.response, route.route == Route::kInfer);
  json.EndObject();
  if (IsReadiness(route)) {
    json.Key("503").BeginObject().Key("description").String("Not now");
    AppendContent(json, route.response);
    json.EndObject();
  }
  if (!route.request.empty()) AppendErrors(json, {"400", "408", "413", "415"});
  if (needs_key) AppendErrors(json, {"401", "429"});
  if (route.request == "ChangeRequest") AppendErrors(json, {"403"});
  if (Names(route, "{m}")) AppendErrors(json, {"404"});
  if (IsCall(route)) AppendErrors(json, {"411", "500", "503", "504"});
  if (route.kind == RouteKind::kModel && !IsReadiness(route)) AppendErrors(json, {"503"});
  AppendErrors(json, {"405", "4XX", "5XX"});
  json.EndObject();
}

// One of them will do.
void AppendSecurity(JsonWriter& json, bool needs_key) {
  json.Key("security").BeginArray();
  for (const std::string_view scheme : {"Bearer", "ApiKey"}) {
    if (needs_key) json.BeginObject().Key(scheme).BeginArray().EndArray().EndObject();
  }
  json.EndArray();
}

void AppendOperation(JsonWriter& json, const RouteText& route,
                     std::span<const ModelIndexEntry> models, const OpenApiOptions& options) {
  std::string method(http::ToText(route.method));
  for (char& letter : method) letter = static_cast<char>(letter | 0x20);
  json.Key(method).BeginObject().Key("operationId").String(route.operation);
  json.Key("summary").String(route.summary);
  AppendParameters(json, route, models);
  if (!route.request.empty()) {
    json.Key("requestBody").BeginObject().Key("required").Bool(IsCall(route));
    AppendContent(json, route.request);
    json.EndObject();
  }
  const bool needs_key = options.needs_keys && route.needs_key;
  if (options.needs_keys) AppendSecurity(json, needs_key);
  AppendResponses(json, route, needs_key);
  json.EndObject();
}

}  // namespace

std::string OpenApiDocument(std::span<const ModelIndexEntry> models,
                            const OpenApiOptions& options) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("openapi").String("3.1.0").Key("info").BeginObject();
  json.Key("title").String("Baton").Key("version").String(BATON_VERSION);
  json.Key("description").String(kDescription).EndObject();
  json.Key("paths").BeginObject();
  for (const RouteText& route : AllRoutes()) {  // each path has one method
    if (route.kind == RouteKind::kTest && !options.test_endpoints) continue;
    json.Key(route.pattern).BeginObject();
    AppendOperation(json, route, models, options);
    json.EndObject();
  }
  json.EndObject().Key("components").Raw(OpenApiComponents(options.needs_keys));
  json.EndObject();
  return body;
}

}  // namespace baton::api
