// In this order: where it comes from, what it asks for, who asks, what it says.
#include "server/app/admin_mirror.h"

#include <optional>
#include <utility>

#include "admin/service/http_error.h"

namespace baton::app {
namespace {

http::Response ErrorResponse(int status, std::string_view code, std::string_view message,
                             std::string_view field = {}) {
  http::Response response;
  response.status = status;
  response.body = admin::HttpErrorBody(status, code, message, field);
  return response;
}

http::Response ToResponse(Refusal&& refusal) {
  http::Response response = ErrorResponse(refusal.status, refusal.code, refusal.message);
  response.headers = std::move(refusal.headers);
  return response;
}

http::Response ToResponse(admin::HttpAnswer&& answer) {
  http::Response response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  if (!answer.etag.empty()) http::AppendHeader(response.headers, "ETag", answer.etag);
  return response;
}

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  if (type.size() != kJson.size()) return false;
  for (std::size_t i = 0; i < kJson.size(); ++i) {
    const char c = type[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kJson[i]) return false;
  }
  return true;
}

// A form of another site could be sent without asking, JSON could not.
std::optional<http::Response> RefuseMediaType(const http::Request& request) {
  const auto type = request.Header("Content-Type");
  if (type ? !IsJson(*type) : !request.body.empty()) {
    return ErrorResponse(415, "INVALID_ARGUMENT",
                         "expected Content-Type: application/json, got " +
                             (type ? "'" + std::string(type->substr(0, 100)) + "'" : "none"));
  }
  if (request.Header("Content-Encoding")) {
    return ErrorResponse(415, "INVALID_ARGUMENT", "expected no Content-Encoding");
  }
  return std::nullopt;
}

std::string_view VerbOf(const http::Request& request) {
  return request.method == http::Method::kHead ? "GET" : http::ToText(request.method);
}

http::Response Allowed(const std::string& allow) {
  http::Response response;
  response.status = 204;
  http::AppendHeader(response.headers, "Allow", allow);
  return response;
}

http::Response NothingHere(const http::Request& request) {
  return ErrorResponse(404, "NOT_FOUND",
                       "nothing is served at '" + request.path + "', GET " +
                           std::string(admin::HttpMirror::kRoot) +
                           " has all there is; methods that stream are for gRPC");
}

http::Response NotAllowed(const http::Request& request, const std::string& allow) {
  http::Response response = ErrorResponse(
      405, "INVALID_ARGUMENT",
      "method " + std::string(http::ToText(request.method)) + " is not allowed, expected " + allow);
  http::AppendHeader(response.headers, "Allow", allow);
  return response;
}

bool IsIndex(std::string_view path) {
  return path == admin::HttpMirror::kRoot ||
         (path.ends_with('/') && path.substr(0, path.size() - 1) == admin::HttpMirror::kRoot);
}

}  // namespace

AdminMirror::AdminMirror(MirrorDoor::Options door, CallMethod call, const Clock& clock,
                         metrics::Registry& registry)
    : door_(std::move(door), clock, registry), call_(std::move(call)) {}

bool AdminMirror::Takes(std::string_view path) const {
  return path == "/admin" || path.starts_with("/admin/");
}

http::Response AdminMirror::Refused(int status, std::string_view message) const {
  return ErrorResponse(status, status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE", message);
}

bool AdminMirror::MayLook(const http::Request& request) const {
  return call_ && door_.MayLook(request);
}

http::Response AdminMirror::AnswerIndex(const http::Request& request, const std::string& from) {
  const std::string allow = "GET, HEAD, OPTIONS";
  if (request.method == http::Method::kOptions) return Allowed(allow);
  if (VerbOf(request) != "GET") return NotAllowed(request, allow);
  auto caller = door_.Admit(request, from, false);
  if (!caller) return ToResponse(std::move(caller.error()));
  http::Response response;
  response.body = mirror_.index();
  return response;
}

void AdminMirror::Answer(const http::Request& request, const std::string& from, Reply reply) {
  if (auto refused = door_.RefuseSite(request, from)) return reply(ToResponse(*std::move(refused)));
  if (!call_) return reply(ErrorResponse(404, "NOT_FOUND", "the admin plane is off"));
  if (IsIndex(request.path)) return reply(AnswerIndex(request, from));
  const auto found = mirror_.Find(VerbOf(request), request.path);
  if (found.allow.empty()) return reply(NothingHere(request));
  if (request.method == http::Method::kOptions) return reply(Allowed(found.allow));
  if (found.method == nullptr) return reply(NotAllowed(request, found.allow));
  auto caller = door_.Admit(request, from, found.method->changes);
  if (!caller) return reply(ToResponse(std::move(caller.error())));
  if (found.method->changes) {
    if (auto refused = RefuseMediaType(request)) return reply(*std::move(refused));
  }
  CallFound(found, request, {.name = *std::move(caller), .from = from}, reply);
}

void AdminMirror::CallFound(const admin::HttpMirror::Found& found, const http::Request& request,
                            control::Caller caller, const Reply& reply) {
  const admin::MirroredMethod& method = *found.method;
  const auto if_match = request.Header("If-Match");
  if (request.Header("If-Match", 1)) {
    return reply(ErrorResponse(400, "INVALID_ARGUMENT", "the header If-Match is there twice"));
  }
  auto message = admin::HttpMirror::ToMessage(found, {request.query, request.body, if_match});
  if (!message) {
    return reply(
        ToResponse(admin::HttpMirror::ToAnswer(method, tl::unexpected(message.error()), false)));
  }
  // Who waits for an operation holds up nobody: the book of operations says how many may.
  const auto under_way = method.waits ? std::make_shared<std::atomic<int>>(0) : under_way_;
  if (under_way->fetch_add(1) >= kMostAtOnce) {
    --*under_way;
    http::Response response = ErrorResponse(
        503, "UNAVAILABLE", "expected at most " + std::to_string(kMostAtOnce) + " calls at once");
    http::AppendHeader(response.headers, "Retry-After", "1");
    return reply(std::move(response));
  }
  // A copy of the method: the reply may come when this has gone.
  call_(method.name, std::move(caller), *std::move(message),
        [under_way, method, reply,
         has_if_match = if_match.has_value()](const Result<std::string>& answer) {
          --*under_way;
          reply(ToResponse(admin::HttpMirror::ToAnswer(method, answer, has_if_match)));
        });
}

}  // namespace baton::app
