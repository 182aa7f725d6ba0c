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
                           std::string(admin::HttpMirror::kRoot) + " has all there is");
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

http::Response TooMany(const std::string& of_what) {
  http::Response response =
      ErrorResponse(503, "UNAVAILABLE", "expected at most " + of_what + " at once");
  http::AppendHeader(response.headers, "Retry-After", "1");
  return response;
}

Result<std::string> MessageOf(const admin::HttpMirror::Found& found, const http::Request& request) {
  if (request.Header("If-Match", 1)) {
    return Fail(ErrorCode::kInvalidArgument, "the header If-Match is there twice");
  }
  return admin::HttpMirror::ToMessage(found,
                                      {request.query, request.body, request.Header("If-Match")});
}

class AdminLines final : public pages::LineFeed {
 public:
  AdminLines(const admin::MirroredMethod& method, http::Request&& request, std::string from,
             std::unique_ptr<admin::AdminFeed> feed, MirrorDoor& door)
      : method_(method),
        request_(std::move(request)),
        from_(std::move(from)),
        feed_(std::move(feed)),
        door_(door) {}

  std::string Next() override {
    LookAtCaller();
    if (feed_ == nullptr) return std::exchange(error_, {});
    const std::optional<std::string> message = feed_->Next();
    if (!message) return "";
    Result<std::string> line = admin::HttpMirror::ToLine(method_, *message);
    if (line) return *std::move(line);
    feed_.reset();
    return ToResponse(admin::HttpMirror::ToAnswer(method_, line, false)).body;
  }
  void LookAtCaller() override {
    if (feed_ == nullptr || feed_->HasEnded()) return;
    auto caller = door_.Admit(request_, from_, method_.changes);
    if (caller) return;
    feed_.reset();
    error_ = ToResponse(std::move(caller.error())).body;
  }
  bool HasEnded() const override {
    return error_.empty() && (feed_ == nullptr || feed_->HasEnded());
  }

 private:
  const admin::MirroredMethod& method_;
  const http::Request request_;  // without its body
  const std::string from_;
  std::unique_ptr<admin::AdminFeed> feed_;  // null: an error has ended it
  std::string error_;                       // that is its last line, to come
  MirrorDoor& door_;
};

}  // namespace

AdminMirror::AdminMirror(MirrorDoor::Options door, CallMethod call, OpenMethod open,
                         const Clock& clock, metrics::Registry& registry)
    : door_(std::move(door), clock, registry), call_(std::move(call)), open_(std::move(open)) {}

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

std::variant<AdminMirror::Admitted, http::Response> AdminMirror::LetIn(const http::Request& request,
                                                                       const std::string& from) {
  if (auto refused = door_.RefuseSite(request, from)) return ToResponse(*std::move(refused));
  if (!call_) return ErrorResponse(404, "NOT_FOUND", "the admin plane is off");
  if (IsIndex(request.path)) return AnswerIndex(request, from);
  auto found = mirror_.Find(VerbOf(request), request.path);
  if (found.allow.empty()) return NothingHere(request);
  if (request.method == http::Method::kOptions) return Allowed(found.allow);
  if (found.method == nullptr) return NotAllowed(request, found.allow);
  auto caller = door_.Admit(request, from, found.method->changes);
  if (!caller) return ToResponse(std::move(caller.error()));
  if (found.method->changes) {
    if (auto refused = RefuseMediaType(request)) return *std::move(refused);
  }
  return Admitted{std::move(found), {.name = *std::move(caller), .from = from}};
}

void AdminMirror::Answer(const http::Request& request, const std::string& from, Reply reply) {
  auto let_in = LetIn(request, from);
  if (auto* refused = std::get_if<http::Response>(&let_in)) return reply(std::move(*refused));
  CallFound(std::get<Admitted>(std::move(let_in)), request, reply);
}

bool AdminMirror::Streams(const http::Request& request) const {
  const auto found = mirror_.Find(http::ToText(request.method), request.path);
  return found.method != nullptr && found.method->streams;
}

tl::expected<std::unique_ptr<pages::LineFeed>, http::Response> AdminMirror::Open(
    http::Request&& request, const std::string& from, bool is_full, std::function<void()> tell) {
  auto let_in = LetIn(request, from);
  if (auto* refused = std::get_if<http::Response>(&let_in)) {
    return tl::unexpected<http::Response>(std::move(*refused));
  }
  const Admitted& call = std::get<Admitted>(let_in);
  const admin::MirroredMethod& method = *call.found.method;
  const auto fail = [&method](const Error& error) {
    return tl::unexpected<http::Response>(
        ToResponse(admin::HttpMirror::ToAnswer(method, tl::unexpected(error), false)));
  };
  if (is_full && !method.changes) {
    return tl::unexpected<http::Response>(
        TooMany(std::to_string(pages::kMostStreams) + " streams"));
  }
  const Result<std::string> message = MessageOf(call.found, request);
  if (!message) return fail(message.error());
  admin::OpenedAdminFeed opened = open_(method.name, call.caller, *message, std::move(tell));
  if (!opened) return fail(opened.error());
  request.body = {};
  return std::make_unique<AdminLines>(method, std::move(request), from, *std::move(opened), door_);
}

void AdminMirror::CallFound(Admitted&& call, const http::Request& request, const Reply& reply) {
  const admin::MirroredMethod& method = *call.found.method;
  if (method.streams) {  // HEAD: the rest is opened
    http::Response head;
    head.content_type = pages::kLinesOfJson;
    return reply(std::move(head));
  }
  auto message = MessageOf(call.found, request);
  if (!message) {
    return reply(
        ToResponse(admin::HttpMirror::ToAnswer(method, tl::unexpected(message.error()), false)));
  }
  // Who waits for an operation holds up nobody: the book of operations says how many may.
  const auto under_way = method.waits ? std::make_shared<std::atomic<int>>(0) : under_way_;
  if (under_way->fetch_add(1) >= kMostAtOnce) {
    --*under_way;
    return reply(TooMany(std::to_string(kMostAtOnce) + " calls"));
  }
  // A copy of the method: the reply may come when this has gone.
  call_(method.name, std::move(call.caller), *std::move(message),
        [under_way, method, reply,
         has_if_match = request.Header("If-Match").has_value()](const Result<std::string>& answer) {
          --*under_way;
          reply(ToResponse(admin::HttpMirror::ToAnswer(method, answer, has_if_match)));
        });
}

}  // namespace baton::app
