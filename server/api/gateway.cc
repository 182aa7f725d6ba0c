// The route table and what each route asks for.
#include "server/api/gateway.h"

#include <algorithm>
#include <utility>

#include "server/api/error_body.h"
#include "server/api/infer.h"
#include "server/api/inference_header.h"
#include "server/api/metadata.h"
#include "server/api/model_answers.h"
#include "server/api/openapi.h"
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

std::string_view VersionOf(const http::Match& match) {
  return match.params.size() > 1 ? match.params[1] : std::string_view();
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
std::optional<std::pair<int, std::string>> FaultOfBody(const http::Request& request,
                                                       bool may_be_raw) {
  if (!request.has_body) {
    return std::pair(411, std::string("a body with Content-Length or chunked coding is expected"));
  }
  const auto type = request.Header("Content-Type");
  const bool is_raw = may_be_raw && request.Header(kInferenceHeader);
  if (type && !IsJsonType(*type) && !(is_raw && *type == http::kOctetStream)) {
    return std::pair(415,
                     "Content-Type is '" + std::string(*type) + "', expected application/json");
  }
  return std::nullopt;
}

}  // namespace

Gateway::Gateway(serve::Endpoints& endpoints, const ModelDirectory& models,
                 std::shared_ptr<http::GzipCounts> counts, const GatewayOptions& options)
    : endpoints_(endpoints),
      models_(models),
      has_test_endpoints_(options.test_endpoints),
      needs_keys_(options.needs_keys) {
  const auto add = [&](Route route, const std::string& name, Endpoint::Kind kind,
                       std::unique_ptr<serve::Handler> handler) {
    AddCallable(route, name, kind, MakeGzipHandler(std::move(handler), options.gzip, counts));
  };
  add(Route::kReverse, options.reverse_endpoint, Endpoint::Kind::kRoute,
      MakeReverseHandler(options.json_depth));
  if (options.test_endpoints) {
    add(Route::kSleep, "/test/sleep", Endpoint::Kind::kTest, MakeSleepHandler());
    add(Route::kSpin, "/test/spin", Endpoint::Kind::kTest, MakeSpinHandler());
  }
  AddRoutes();
}

Gateway::~Gateway() = default;

void Gateway::AddCallable(Route route, const std::string& name, Endpoint::Kind kind,
                          std::unique_ptr<serve::Handler> handler) {
  const Result<const Endpoint*> endpoint = endpoints_.Add(name, kind);
  BATON_CHECK(endpoint.has_value());  // the first ones, and their names differ
  route_callables_[route] = Callable{*endpoint, std::move(handler)};
}

void Gateway::AddRoutes() {
  for (const RouteText& route : AllRoutes()) {
    BATON_CHECK(std::any_of(kRoutePrefixes.begin(), kRoutePrefixes.end(),
                            [&](auto prefix) { return http::IsWithin(prefix, route.pattern); }));
    if (route.kind == RouteKind::kTest && !has_test_endpoints_) continue;
    router_.Add(route.method, route.pattern, static_cast<std::size_t>(route.route));
  }
}

Resolution Gateway::Resolve(const http::Request& request, const Catalogue& catalogue, bool is_ready,
                            CanaryTurn turn) const {
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
    case Route::kOpenApi:
      return Immediate(200, OpenApiDocument(models_.Index(), {has_test_endpoints_, needs_keys_}));
    case Route::kServerMetadata: return Immediate(200, ServerMetadata());
    case Route::kLive: return Immediate(200, ServerLive());
    case Route::kReady: return Immediate(is_ready ? 200 : 503, ServerReady(is_ready));
    case Route::kModelMetadata:
    case Route::kModelReady: return Describe(match, catalogue, route);
    case Route::kModelConfig: return Configuration(match);
    case Route::kModelStatistics: return Statistics(match);
    case Route::kRepositoryIndex: return Index(request);
    case Route::kRepositoryLoad: return ChangeModel(request, match, RepositoryChange::Kind::kLoad);
    case Route::kRepositoryUnload:
      return ChangeModel(request, match, RepositoryChange::Kind::kUnload);
    case Route::kInfer:
    case Route::kPredict: return CallModel(request, match, catalogue, route, turn);
    case Route::kReverse:
    case Route::kSleep:
    case Route::kSpin: {
      const Callable& callable = route_callables_.at(route);
      Plan plan;
      plan.endpoint = callable.endpoint;
      plan.handler = callable.handler.get();
      return Call(request, std::move(plan));
    }
  }
  return Fault({ErrorCode::kInternal, "no such route", {}});
}

bool Gateway::NeedsKey(const http::Request& request) const {
  const http::Match match = router_.Find(request.method, request.path);
  if (match.kind != http::Match::Kind::kFound) return true;
  const auto is_route = [&match](const RouteText& text) {
    return static_cast<std::size_t>(text.route) == match.route;
  };
  return std::find_if(AllRoutes().begin(), AllRoutes().end(), is_route)->needs_key;
}

Resolution Gateway::CallModel(const http::Request& request, const http::Match& match,
                              const Catalogue& catalogue, Route route, CanaryTurn turn) const {
  const std::string_view version = VersionOf(match);
  const BodyFormat format = route == Route::kInfer ? BodyFormat::kInfer : BodyFormat::kPlain;
  Result<Plan> plan = catalogue.PlanFor(match.params[0], version, format, turn);
  if (plan) return Call(request, std::move(*plan));
  const CatalogueModel* const model = catalogue.Find(match.params[0]);
  if (plan.error().code != ErrorCode::kUnavailable) {
    return Fault(plan.error(), model != nullptr ? model->endpoint : nullptr);
  }
  Plan asked;
  asked.endpoint = model->endpoint;
  asked.asked_version = version;
  asked.format = format;
  Resolution resolution = Call(request, std::move(asked));
  if (resolution.plan) resolution.unavailable = std::move(plan.error());
  return resolution;
}

Resolution Gateway::Call(const http::Request& request, Plan plan) const {
  Resolution resolution;
  resolution.endpoint = plan.endpoint;
  if (auto fault = FaultOfBody(request, plan.format == BodyFormat::kInfer)) {
    resolution.is_clients_fault = true;
    resolution.response = JsonResponse(fault->first, ErrorBody(fault->second));
    return resolution;
  }
  const Result<bool> is_gzip = http::IsGzipBody(request);
  if (!is_gzip) {
    resolution = Fault(is_gzip.error(), plan.endpoint);
    http::AppendHeader(resolution.response.headers, "Accept-Encoding", http::kTakenCodings);
    return resolution;
  }
  plan.body_is_gzip = *is_gzip;
  plan.takes_gzip = http::TakesGzip(request);
  resolution.plan = std::move(plan);
  return resolution;
}

std::vector<Gateway::WarmUp> Gateway::warm_ups() const {
  std::vector<WarmUp> all;
  for (const auto& [route, callable] : route_callables_) {
    all.push_back({callable.endpoint, callable.handler.get()});
  }
  return all;
}

Resolution Gateway::Describe(const http::Match& match, const Catalogue& catalogue,
                             Route route) const {
  const std::string_view name = match.params[0];
  const std::string_view version = VersionOf(match);
  Result<std::string> body = ModelMetadata(catalogue, name, version);
  const bool is_unavailable = !body && body.error().code == ErrorCode::kUnavailable;
  if (route == Route::kModelReady && (body || is_unavailable)) {
    return Immediate(is_unavailable ? 503 : 200, ModelReady(name, !is_unavailable));
  }
  if (!body) return Refusal(body.error());
  return Immediate(200, std::move(*body));
}

Resolution Gateway::Configuration(const http::Match& match) const {
  const auto model = models_.Describe(match.params[0], VersionOf(match));
  if (!model) return Refusal(model.error());
  return Immediate(200, ModelConfiguration(*model));
}

Resolution Gateway::Statistics(const http::Match& match) const {
  const std::string_view name = match.params.empty() ? std::string_view() : match.params[0];
  const auto versions = models_.Statistics(name, VersionOf(match));
  if (!versions) return Refusal(versions.error());
  return Immediate(200, ModelStatistics(*versions));
}

Resolution Gateway::Index(const http::Request& request) const {
  const Result<bool> only_ready = ReadIndexAsk(request);
  Resolution resolution = only_ready ? Immediate(200, RepositoryIndex(models_.Index(), *only_ready))
                                     : Fault(only_ready.error());
  resolution.needs_body = true;
  return resolution;
}

Resolution Gateway::ChangeModel(const http::Request& request, const http::Match& match,
                                RepositoryChange::Kind kind) const {
  if (!models_.AllowsChanges()) return Immediate(403, ErrorBody(kChangesAreOff));
  const Status ask = CheckChangeAsk(request);
  Resolution resolution = ask ? Resolution() : Fault(ask.error());
  if (ask) resolution.change = {kind, std::string(match.params[0])};
  resolution.needs_body = true;
  return resolution;
}

// A model that does not answer is nobody's fault.
Resolution Gateway::Refusal(const Error& error) const {
  if (error.code != ErrorCode::kUnavailable) return Fault(error);
  return Immediate(503, ErrorBody(error.message));
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
