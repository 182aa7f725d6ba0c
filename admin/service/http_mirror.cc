// The table of methods, and the way there and back.
#include "admin/service/http_mirror.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"
#include "baton/admin/v1/http_rule.pb.h"
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/support/status.h>

#include "admin/service/embedded_api.h"
#include "admin/service/http_error.h"
#include "admin/service/http_fields.h"
#include "admin/service/status_mapping.h"
#include "server/base/check.h"
#include "server/base/json_writer.h"

namespace baton::admin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;

constexpr char kService[] = "baton.admin.v1.AdminService";
constexpr char kServiceFile[] = "baton/admin/v1/admin_service.proto";

std::unique_ptr<Message> Make(const Descriptor& type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// The first sentence of a comment, as one line.
std::string FirstSentence(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text.erase(0, text.find_first_not_of(' '));
  for (std::size_t at = text.find("  "); at != text.npos; at = text.find("  ", at)) {
    text.erase(at, 1);
  }
  const std::size_t end = text.find(". ");
  if (end != text.npos) text.erase(end + 1);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// What the schema says of each method in a comment, by the method's index. The descriptors in the
// program are without comments.
std::map<int, std::string> Comments() {
  constexpr int kServicesOfFile = 6;
  constexpr int kMethodsOfService = 2;
  std::map<int, std::string> comments;
  const std::string_view texts = EmbeddedApi("admin_service.desc");
  FileDescriptorSet files;
  BATON_CHECK(files.ParseFromArray(texts.data(), static_cast<int>(texts.size())));
  for (const auto& file : files.file()) {
    if (file.name() != kServiceFile) continue;
    for (const auto& location : file.source_code_info().location()) {
      const auto& path = location.path();
      if (path.size() == 4 && path[0] == kServicesOfFile && path[2] == kMethodsOfService) {
        comments[path[3]] = FirstSentence(location.leading_comments());
      }
    }
  }
  return comments;
}

std::pair<std::string, std::string> VerbAndPath(const v1::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case v1::HttpRule::kGet: return {"GET", rule.get()};
    case v1::HttpRule::kPatch: return {"PATCH", rule.patch()};
    case v1::HttpRule::kPost: return {"POST", rule.post()};
    case v1::HttpRule::kDelete: return {"DELETE", rule.delete_()};
    case v1::HttpRule::PATTERN_NOT_SET: break;
  }
  return {};
}

std::vector<MirroredMethod> ReadMethods() {
  const ServiceDescriptor* const service =
      DescriptorPool::generated_pool()->FindServiceByName(kService);
  const std::map<int, std::string> comments = Comments();
  std::vector<MirroredMethod> methods;
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor& method = *service->method(i);
    const v1::HttpRule& rule = method.options().GetExtension(v1::http);
    const auto [verb, path] = VerbAndPath(rule);
    if (verb.empty()) continue;
    BATON_CHECK(!method.client_streaming());
    Result<PathTemplate> parsed = PathTemplate::Parse(path);
    BATON_CHECK(parsed.has_value());
    const auto comment = comments.find(i);
    methods.push_back({&method, method.name(), verb, *std::move(parsed), rule.body(),
                       comment == comments.end() ? "" : comment->second,
                       method.options().idempotency_level() != MethodOptions::NO_SIDE_EFFECTS,
                       rule.waits(), method.server_streaming()});
  }
  return methods;
}

std::string MakeIndex(const std::vector<MirroredMethod>& methods) {
  std::string index;
  JsonWriter json(index);
  json.BeginObject().Key("methods").BeginArray();
  for (const MirroredMethod& method : methods) {
    json.BeginObject().Key("verb").String(method.verb).Key("path").String(method.path.text());
    json.Key("method").String(method.name);
    json.Key("role").String(method.changes ? "operator" : "viewer");
    json.Key("streams").Bool(method.streams).Key("what").String(method.what).EndObject();
  }
  json.EndArray().EndObject();
  index += '\n';
  return index;
}

// The generation in "7", as the answers' ETag has it; empty for "*", which any resource meets.
Result<std::string> EtagIn(std::string_view if_match) {
  if (if_match == "*") return std::string();
  const bool is_quoted = if_match.size() > 2 && if_match.front() == '"' && if_match.back() == '"';
  const std::string_view inner = is_quoted ? if_match.substr(1, if_match.size() - 2) : "";
  if (!is_quoted || inner.find_first_of("\", ") != inner.npos || !IsUtf8(inner)) {
    return Fail(ErrorCode::kInvalidArgument,
                "If-Match: expected one ETag of an answer, in its quotes, got '" +
                    std::string(if_match.substr(0, 100)) + "'",
                "etag");
  }
  return std::string(inner);
}

Status TakeIfMatch(const MirroredMethod& method, std::string_view if_match, Message& request) {
  const Result<std::string> etag = EtagIn(if_match);
  if (!etag) return tl::unexpected(etag.error());
  if (etag->empty()) return {};
  const bool is_in_body = !method.body_field.empty() && method.body_field != "*";
  const std::string path = is_in_body ? method.body_field + ".etag" : "etag";
  const Descriptor& type =
      is_in_body
          ? *method.descriptor->input_type()->FindFieldByName(method.body_field)->message_type()
          : *method.descriptor->input_type();
  if (type.FindFieldByName("etag") == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "If-Match: " + method.name + " has no etag, expected none");
  }
  return SetText(request, path, *etag, "If-Match");
}

Status TakeBody(const MirroredMethod& method, std::string_view body, Message& request) {
  if (method.body_field.empty()) {
    if (body.empty()) return {};
    return Fail(ErrorCode::kInvalidArgument,
                method.name + " takes no body, expected its fields in the query");
  }
  if (method.body_field == "*") {
    return body.empty() ? Status() : FillFromJson(body, request);
  }
  const FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName(method.body_field);
  return FillFromJson(body, *request.GetReflection()->MutableMessage(&request, field));
}

// The field "etag" of an answer that is a resource.
std::string EtagOf(const Message& answer) {
  const FieldDescriptor* const field = answer.GetDescriptor()->FindFieldByName("etag");
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING) return "";
  const std::string etag = answer.GetReflection()->GetString(answer, field);
  return etag.empty() ? "" : "\"" + etag + "\"";
}

bool AppendJson(const Message& message, bool is_laid_out, std::string& text) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = is_laid_out;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  return google::protobuf::util::MessageToJsonString(message, &text, options).ok();
}

Error NoJson(const MirroredMethod& method) {
  return {ErrorCode::kInternal, "the answer of " + method.name + " has no JSON", {}};
}

HttpAnswer ErrorAnswer(const Error& error, bool has_if_match) {
  const grpc::Status status = ToGrpcStatus(error);
  const std::string_view code = GrpcCodeName(status.error_code());
  const bool is_precondition = has_if_match && error.code == ErrorCode::kAborted;
  const int http = is_precondition ? 412 : HttpStatusOf(code);
  const bool names_field = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
  return {http, HttpErrorBody(http, code, status.error_message(), names_field ? error.field : "")};
}

}  // namespace

HttpMirror::HttpMirror() : methods_(ReadMethods()), index_(MakeIndex(methods_)) {}

HttpMirror::Found HttpMirror::Find(std::string_view verb, std::string_view path) const {
  std::vector<std::pair<const MirroredMethod*, PathFields>> at_path;
  bool has_word = false;
  for (const MirroredMethod& method : methods_) {
    if (auto fields = method.path.Match(path)) {
      at_path.emplace_back(&method, *std::move(fields));
      has_word = has_word || method.path.HasWord();
    }
  }
  Found found;
  std::set<std::string> verbs;
  for (auto& [method, fields] : at_path) {
    if (has_word && !method->path.HasWord()) continue;  // ":load" is no part of a name
    verbs.insert(method->verb);
    if (method->verb == "GET") verbs.insert("HEAD");
    if (method->verb != verb) continue;
    found.method = method;
    found.fields = std::move(fields);
  }
  if (!verbs.empty()) verbs.insert("OPTIONS");
  for (const std::string& one : verbs) found.allow += (found.allow.empty() ? "" : ", ") + one;
  return found;
}

Result<std::string> HttpMirror::ToMessage(const Found& found, const HttpAsk& ask) {
  const MirroredMethod& method = *found.method;
  const std::unique_ptr<Message> request = Make(*method.descriptor->input_type());
  const auto fail = [](const Status& status) { return tl::unexpected<Error>(status.error()); };
  if (Status body = TakeBody(method, ask.body, *request); !body) return fail(body);
  std::vector<std::string> taken;
  if (!method.body_field.empty()) taken.push_back(method.body_field);
  for (const auto& [path, value] : found.fields) {
    taken.push_back(path);
    if (Status set = SetText(*request, path, value, "the path"); !set) return fail(set);
  }
  if (ask.if_match) {
    if (Status etag = TakeIfMatch(method, *ask.if_match, *request); !etag) return fail(etag);
  }
  if (Status query = FillFromQuery(ask.query, taken, *request); !query) return fail(query);
  return request->SerializeAsString();
}

HttpAnswer HttpMirror::ToAnswer(const MirroredMethod& method, const Result<std::string>& reply,
                                bool has_if_match) {
  if (!reply) return ErrorAnswer(reply.error(), has_if_match);
  const std::unique_ptr<Message> answer = Make(*method.descriptor->output_type());
  HttpAnswer made;
  if (!answer->ParseFromString(*reply) || !AppendJson(*answer, true, made.body)) {
    return ErrorAnswer(NoJson(method), false);
  }
  made.etag = EtagOf(*answer);
  return made;
}

Result<std::string> HttpMirror::ToLine(const MirroredMethod& method, const std::string& message) {
  const std::unique_ptr<Message> update = Make(*method.descriptor->output_type());
  std::string line;
  if (!update->ParseFromString(message) || !AppendJson(*update, false, line)) {
    return tl::unexpected(NoJson(method));
  }
  line += '\n';
  return line;
}

}  // namespace baton::admin
