// The route table and what each route asks for.
#include "server/api/gateway.h"

#include <algorithm>
#include <utility>

#include "server/api/error_body.h"
#include "server/api/infer.h"
#include "server/api/metadata.h"
#include "server/api/predict.h"
#include "server/api/reverse.h"
#include "server/api/test_endpoints.h"
#include "server/base/check.h"
#include "server/base/json_writer.h"
#include "server/http/content_coding.h"
#include "server/http/static_mount.h"

namespace baton::api {
namespace {

using http::Method;
using serve::Endpoint;

http::Response JsonResponse(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Resolution Hello() {
  Resolution resolution;
  resolution.response.fixed_body = R"({"message":"Hello from Baton"})";
  return resolution;
}

Resolution Immediate(int status, std::string body) {
  Resolution resolution;
  resolution.response = JsonResponse(status, std::move(body));
  return resolution;
}

bool IsJsonType(std::string_view content_type) {
  if (content_type == "application/json") return true;
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  // curl -d says form-urlencoded unless told otherwise; the body is checked as JSON all the same.
  for (const std::string_view accepted :
       {"application/json", "application/x-www-form-urlencoded"}) {
    if (type.size() != accepted.size()) continue;
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    if (std::equal(type.begin(), type.end(), accepted.begin(), same)) return true;
  }
  return false;
}

std::string NameOf(Method method) {
  return method == Method::kOther ? "of the request" : std::string(http::ToText(method));
}

// What every call with a JSON body must bring. 411 has no code of its own: it is said by `status`.
std::optional<std::pair<int, std::string>> FaultOfBody(const http::Request& request) {
  if (!request.has_body) {
    return std::pair(411, std::string("a body with Content-Length or chunked coding is expected"));
  }
  const auto type = request.Header("Content-Type");
  if (type && !IsJsonType(*type)) {
    return std::pair(415,
                     "Content-Type is '" + std::string(*type) + "', expected application/json");
  }
  return std::nullopt;
}

}  // namespace

Gateway::Gateway(models::ModelSet models, metrics::Registry& registry,
                 const GatewayOptions& options)
    : models_(std::move(models)) {
  const auto counts = http::GzipCounts::Make(registry);
  const auto coded = [&](std::unique_ptr<serve::Handler> handler) {
    return MakeGzipHandler(std::move(handler), options.gzip, counts);
  };
  for (const auto& [name, versions] : models_) {
    const Endpoint& endpoint = AddEndpoint(registry, name, Endpoint::Kind::kModel);
    model_callables_[name] = ModelCallables{
        &versions, Callable{&endpoint, coded(MakeInferHandler(versions, options.json_depth))},
        Callable{&endpoint, coded(MakePredictHandler(versions, options.json_depth))}};
  }
  // A model may be called "reverse": the route's endpoint then goes by its path.
  const bool is_taken = models_.contains("reverse");
  route_callables_[Route::kReverse] =
      Callable{&AddEndpoint(registry, is_taken ? "/reverse" : "reverse", Endpoint::Kind::kRoute),
               coded(MakeReverseHandler(options.json_depth))};
  if (options.test_endpoints) {
    route_callables_[Route::kSleep] = Callable{
        &AddEndpoint(registry, "/test/sleep", Endpoint::Kind::kTest), coded(MakeSleepHandler())};
    route_callables_[Route::kSpin] = Callable{
        &AddEndpoint(registry, "/test/spin", Endpoint::Kind::kTest), coded(MakeSpinHandler())};
  }
  AddEndpoint(registry, "_unknown_", Endpoint::Kind::kUnknown);
  AddRoutes(options);
}

Gateway::~Gateway() = default;

Endpoint& Gateway::AddEndpoint(metrics::Registry& registry, const std::string& name,
                               Endpoint::Kind kind) {
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->name = name;
  endpoint->kind = kind;
  endpoint->index = static_cast<std::uint32_t>(endpoints_.size());
  endpoint->metrics = serve::EndpointMetrics::Make(registry, name);
  endpoints_.push_back(std::move(endpoint));
  return *endpoints_.back();
}

void Gateway::AddRoutes(const GatewayOptions& options) {
  const auto add = [this](Method method, std::string_view pattern, Route route) {
    BATON_CHECK(std::any_of(kRoutePrefixes.begin(), kRoutePrefixes.end(),
                            [&](auto prefix) { return http::IsWithin(prefix, pattern); }));
    router_.Add(method, pattern, static_cast<std::size_t>(route));
  };
  add(Method::kGet, "/hello", Route::kHello);
  add(Method::kPost, "/reverse", Route::kReverse);
  add(Method::kGet, "/v2", Route::kServerMetadata);
  add(Method::kGet, "/v2/", Route::kServerMetadata);
  add(Method::kGet, "/v2/health/live", Route::kLive);
  add(Method::kGet, "/v2/health/ready", Route::kReady);
  add(Method::kGet, "/v2/models/{m}", Route::kModelMetadata);
  add(Method::kGet, "/v2/models/{m}/versions/{v}", Route::kModelMetadata);
  add(Method::kGet, "/v2/models/{m}/ready", Route::kModelReady);
  add(Method::kGet, "/v2/models/{m}/versions/{v}/ready", Route::kModelReady);
  add(Method::kPost, "/v2/models/{m}/infer", Route::kInfer);
  add(Method::kPost, "/v2/models/{m}/versions/{v}/infer", Route::kInfer);
  add(Method::kPost, "/v1/models/{m}:predict", Route::kPredict);
  if (options.test_endpoints) {
    add(Method::kPost, "/test/sleep", Route::kSleep);
    add(Method::kPost, "/test/spin", Route::kSpin);
  }
}

Resolution Gateway::Resolve(const http::Request& request, bool is_ready) const {
  const http::Match match = router_.Find(request.method, request.path);
  if (match.kind == http::Match::Kind::kNotFound) {
    return Fault({ErrorCode::kNotFound, "nothing is served at '" + request.path + "'", {}});
  }
  if (match.kind == http::Match::Kind::kMethodNotAllowed) {
    Resolution resolution;
    const bool asks = request.method == Method::kOptions;  // RFC 9110, 9.3.7
    resolution.is_clients_fault = !asks;
    resolution.endpoint = asks ? nullptr : &unknown();
    resolution.response =
        JsonResponse(asks ? 204 : 405,
                     asks ? std::string()
                          : ErrorBody("method " + NameOf(request.method) + " is not allowed at '" +
                                      request.path + "', expected " + match.allow));
    http::AppendHeader(resolution.response.headers, "Allow", match.allow);
    return resolution;
  }
  const auto route = static_cast<Route>(match.route);
  switch (route) {
    case Route::kHello: return Hello();
    case Route::kServerMetadata: return Immediate(200, ServerMetadata());
    case Route::kLive: return Immediate(200, ServerLive());
    case Route::kReady: return Immediate(is_ready ? 200 : 503, ServerReady(is_ready));
    case Route::kModelMetadata:
    case Route::kModelReady: return Describe(match, route);
    case Route::kInfer:
    case Route::kPredict: return CallModel(request, match, route);
    case Route::kReverse:
    case Route::kSleep:
    case Route::kSpin: return Call(request, route_callables_.at(route), {}, false);
  }
  return Fault({ErrorCode::kInternal, "no such route", {}});
}

Resolution Gateway::CallModel(const http::Request& request, const http::Match& match,
                              Route route) const {
  const auto model = model_callables_.find(match.params[0]);
  if (model == model_callables_.end()) {
    return Fault(
        {ErrorCode::kNotFound, "unknown model '" + std::string(match.params[0]) + "'", {}});
  }
  const std::string_view version = match.params.size() > 1 ? match.params[1] : std::string_view();
  if (!version.empty() && model->second.versions->Find(std::string(version)) == nullptr) {
    return Fault({ErrorCode::kNotFound,
                  "unknown version '" + std::string(version) + "' of model '" + model->first + "'",
                  {}},
                 model->second.infer.endpoint);
  }
  const bool is_infer = route == Route::kInfer;
  return Call(request, is_infer ? model->second.infer : model->second.predict, version, is_infer);
}

Resolution Gateway::Call(const http::Request& request, const Callable& callable,
                         std::string_view version, bool has_oip_body) const {
  Resolution resolution;
  resolution.endpoint = callable.endpoint;
  if (auto fault = FaultOfBody(request)) {
    resolution.is_clients_fault = true;
    resolution.response = JsonResponse(fault->first, ErrorBody(fault->second));
    return resolution;
  }
  const Result<bool> is_gzip = http::IsGzipBody(request);
  if (!is_gzip) {
    resolution = Fault(is_gzip.error(), callable.endpoint);
    http::AppendHeader(resolution.response.headers, "Accept-Encoding", http::kTakenCodings);
    return resolution;
  }
  resolution.plan = Plan{callable.endpoint, callable.handler.get(),  version, has_oip_body,
                         *is_gzip,          http::TakesGzip(request)};
  return resolution;
}

Plan Gateway::PlanForModel(const std::string& name, bool has_oip_body) const {
  const auto model = model_callables_.find(name);
  if (model == model_callables_.end()) return {};
  const Callable& callable = has_oip_body ? model->second.infer : model->second.predict;
  return Plan{callable.endpoint, callable.handler.get(), {}, has_oip_body, false, false};
}

std::vector<Gateway::WarmUp> Gateway::warm_ups() const {
  std::vector<WarmUp> all;
  for (const auto& [name, callables] : model_callables_) {
    all.push_back({callables.infer.endpoint, callables.infer.handler.get()});
  }
  for (const auto& [route, callable] : route_callables_) {
    all.push_back({callable.endpoint, callable.handler.get()});
  }
  return all;
}

Resolution Gateway::Describe(const http::Match& match, Route route) const {
  const auto model = models_.find(match.params[0]);
  const std::string version(match.params.size() > 1 ? match.params[1] : std::string_view());
  if (model == models_.end()) {
    return Fault(
        {ErrorCode::kNotFound, "unknown model '" + std::string(match.params[0]) + "'", {}});
  }
  Result<std::string> body = route == Route::kModelReady ? ModelReady(model->second, version)
                                                         : ModelMetadata(model->second, version);
  if (!body) return Fault(body.error());
  return Immediate(200, std::move(*body));
}

Resolution Gateway::Fault(const Error& error, const serve::Endpoint* endpoint) const {
  Resolution resolution;
  resolution.is_clients_fault = true;
  resolution.endpoint = endpoint != nullptr ? endpoint : &unknown();
  resolution.response =
      JsonResponse(HttpStatusOf(error.code), ErrorBody(error.message, error.field));
  return resolution;
}

}  // namespace baton::api
