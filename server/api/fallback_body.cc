// Marking is inserting text; only where members could come twice, the object is written anew.
#include "server/api/fallback_body.h"

#include <optional>
#include <utility>

#include "server/api/json.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

constexpr std::string_view kParameters = "parameters";
constexpr std::string_view kId = "id";
constexpr std::string_view kDegraded = "degraded";

// Recursion is as deep as the document, which the parser has bounded.
void Write(JsonWriter& json, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::kNull: json.Null(); return;
    case JsonKind::kBool: json.Bool(value.Bool()); return;
    case JsonKind::kInt64: json.Number(value.Int64()); return;
    case JsonKind::kUint64: json.Number(value.Uint64()); return;
    case JsonKind::kDouble: json.Number(value.Double()); return;
    case JsonKind::kString: json.String(value.Text()); return;
    case JsonKind::kArray: {
      json.BeginArray();
      JsonElements elements(value);
      while (const auto element = elements.Next()) Write(json, *element);
      json.EndArray();
      return;
    }
    case JsonKind::kObject: {
      json.BeginObject();
      JsonMembers members(value);
      while (const auto member = members.Next()) Write(json.Key(member->key), member->value);
      json.EndObject();
      return;
    }
  }
}

void WriteParameters(JsonWriter& json, const std::optional<JsonValue>& there) {
  json.Key(kParameters).BeginObject().Key(kDegraded).Bool(true);
  if (there && there->IsObject()) {
    JsonMembers members(*there);
    while (const auto member = members.Next()) {
      if (member->key != kDegraded) Write(json.Key(member->key), member->value);
    }
  }
  json.EndObject();
}

std::optional<JsonValue> FindMember(const JsonValue& object, std::string_view key) {
  JsonMembers members(object);
  while (const auto member = members.Next()) {
    if (member->key == key) return member->value;
  }
  return std::nullopt;
}

std::string WriteAnew(const JsonValue& object, std::string_view id) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  if (!id.empty()) json.Key(kId).Raw(id);
  WriteParameters(json, FindMember(object, kParameters));
  JsonMembers members(object);
  while (const auto member = members.Next()) {
    if (member->key == kId || member->key == kParameters) continue;
    Write(json.Key(member->key), member->value);
  }
  json.EndObject();
  return out;
}

// `rest` is the object behind its opening brace.
std::string Insert(std::string_view rest, std::string_view id) {
  constexpr std::string_view kMark = R"("parameters":{"degraded":true})";
  constexpr std::string_view kIdKey = R"("id":)";
  const bool is_empty = rest[rest.find_first_not_of(" \t\r\n")] == '}';
  std::string out;
  out.reserve(rest.size() + kMark.size() + kIdKey.size() + id.size() + 3);
  out += '{';
  if (!id.empty()) out.append(kIdKey).append(id).append(",");
  out += kMark;
  if (!is_empty) out += ',';
  out += rest;
  return out;
}

// Whether `text` may have a member that is also inserted; an escape may hide one.
bool MayRepeat(std::string_view text) {
  return text.find(R"("parameters")") != std::string_view::npos ||
         text.find(R"("id")") != std::string_view::npos ||
         text.find('\\') != std::string_view::npos;
}

// Fields of a message may be appended to it as they are: the last one counts, and map entries are
// merged (Protocol Buffers' encoding). Here ModelInferResponse's id, field 3.
std::string WithGrpcId(std::string_view message, std::string_view id) {
  std::string out(message);
  if (id.empty()) return out;
  out += '\x1a';
  std::size_t size = id.size();
  for (; size >= 0x80; size >>= 7U) out += static_cast<char>(0x80U | (size & 0x7FU));
  out += static_cast<char>(size);
  return out.append(id);
}

// An entry of its parameters, field 4: "degraded" with bool_param, field 1, true.
constexpr std::string_view kGrpcMark =
    "\x22\x0e\x0a\x08"
    "degraded"
    "\x12\x02\x08\x01";

}  // namespace

std::string FallbackBody(std::string_view stored, std::string_view id, BodyFormat format) {
  if (format == BodyFormat::kPlain) return std::string(stored);
  if (format == BodyFormat::kGrpc) return WithGrpcId(stored, id).append(kGrpcMark);
  if (!MayRepeat(stored)) return Insert(stored.substr(stored.find('{') + 1), id);
  const std::string body = PaddedCopy(stored);
  const auto object = ParseJsonObject(body);
  return object ? WriteAnew(*object, id) : body;
}

std::string WithId(std::string_view marked, std::string_view id, BodyFormat format) {
  if (format == BodyFormat::kGrpc) return WithGrpcId(marked, id);
  std::string body(marked);
  const std::size_t brace = body.find('{');
  if (format != BodyFormat::kInfer || id.empty() || brace == std::string::npos) return body;
  // Not empty: it has been marked.
  return body.insert(brace + 1, "\"id\":" + std::string(id) + ",");
}

Status CheckFallbackConstant(std::string_view json) {
  const std::string field = "fallback.constant";
  if (json.size() > kMaxFallbackConstantBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                field + ": expected at most " + std::to_string(kMaxFallbackConstantBytes) +
                    " bytes, got " + std::to_string(json.size()),
                field);
  }
  const std::string body = PaddedCopy(json);
  const auto object = ParseJsonObject(body);
  if (object) return {};
  return Fail(ErrorCode::kInvalidArgument, field + " is no JSON object: " + object.error().message,
              field);
}

}  // namespace baton::api
