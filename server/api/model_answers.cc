// Writing them out of the directory's words.
#include "server/api/model_answers.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "server/api/bad_input.h"
#include "server/api/json.h"
#include "server/base/json_writer.h"
#include "server/base/whole_number.h"
#include "server/http/content_coding.h"

namespace baton::api {
namespace {

// They are read where nothing may take long.
constexpr std::size_t kMostBytes = std::size_t{64} << 10U;

std::string ConfigType(models::DataType type) {
  if (type == models::DataType::kBytes) return "TYPE_STRING";
  return "TYPE_" + std::string(models::ToText(type));
}

void AppendTensors(JsonWriter& json, const ModelDescription& model,
                   std::span<const models::TensorSpec> specs) {
  json.BeginArray();
  for (const models::TensorSpec& spec : specs) {
    const std::span<const std::int64_t> dims = spec.shape;
    json.BeginObject().Key("name").String(spec.name);
    json.Key("data_type").String(ConfigType(spec.type)).Key("dims").BeginArray();
    for (const auto size : dims.subspan(model.has_batch_dimension ? 1 : 0)) json.Number(size);
    json.EndArray().EndObject();
  }
  json.EndArray();
}

void AppendBatching(JsonWriter& json, const ModelDescription& model) {
  json.Key("max_batch_size").Number(model.has_batch_dimension ? model.max_batch_size : 0);
  if (!model.has_batch_dimension || model.max_batch_size < 2) return;
  const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(model.batch_delay);
  json.Key("dynamic_batching").BeginObject();
  json.Key("preferred_batch_size").BeginArray().Number(model.max_batch_size).EndArray();
  json.Key("max_queue_delay_microseconds").Number(delay.count()).EndObject();
}

void AppendTime(JsonWriter& json, std::string_view key, const CountedTime& time) {
  json.Key(key).BeginObject().Key("count").Number(time.count);
  json.Key("ns").Number(static_cast<std::int64_t>(time.time.count())).EndObject();
}

void AppendVersion(JsonWriter& json, const VersionStatistics& version) {
  json.BeginObject().Key("name").String(version.name).Key("version").String(version.version);
  json.Key("last_inference").Number(version.last_inference_unix_ms);
  json.Key("inference_count").Number(version.inferences);
  json.Key("execution_count").Number(version.executions);
  json.Key("inference_stats").BeginObject();
  AppendTime(json, "success", version.success);
  AppendTime(json, "fail", version.fail);
  AppendTime(json, "queue", version.queue);
  AppendTime(json, "compute_input", version.compute_input);
  AppendTime(json, "compute_infer", version.compute_infer);
  AppendTime(json, "compute_output", version.compute_output);
  AppendTime(json, "cache_hit", version.cache_hit);
  AppendTime(json, "cache_miss", version.cache_miss);
  json.EndObject().Key("batch_stats").BeginArray();
  for (const VersionStatistics::BatchSize& batch : version.batches) {
    json.BeginObject().Key("batch_size").Number(batch.size);
    AppendTime(json, "compute_infer", batch.compute_infer);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

// The members of a body that may be missing. Calls on_member(member), whose status counts, for
// each.
template <typename OnMember>
Status ReadOptionalBody(const http::Request& request, const OnMember& on_member) {
  if (request.body.empty()) return {};
  if (request.body.size() > kMostBytes) {
    return Fail(ErrorCode::kTooLarge, "the body has " + std::to_string(request.body.size()) +
                                          " bytes, expected at most " + std::to_string(kMostBytes));
  }
  const Result<bool> is_gzip = http::IsGzipBody(request);
  if (!is_gzip) return tl::unexpected(is_gzip.error());
  if (*is_gzip) {
    return Fail(ErrorCode::kUnsupported,
                "Content-Encoding is gzip, expected none: the body is read as it is here");
  }
  const auto document = ParseJsonObject(request.body);
  if (!document) return tl::unexpected(document.error());
  JsonMembers members(*document);
  while (const auto member = members.Next()) {
    if (Status status = on_member(*member); !status) return status;
  }
  return {};
}

Status CheckParameters(const JsonValue& value) {
  if (value.kind() == JsonKind::kNull) return {};
  if (!value.IsObject()) return tl::unexpected(BadInput("parameters", "an object", value));
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    if (Status status = CheckChangeParameter(member->key); !status) return status;
  }
  return {};
}

}  // namespace

std::string ModelConfiguration(const ModelDescription& model) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("name").String(model.name).Key("platform").String(model.platform);
  json.Key("backend").String(model.platform.substr(0, model.platform.find('_')));
  json.Key("version_policy").BeginObject().Key("specific").BeginObject();
  json.Key("versions").BeginArray();
  for (const std::string& version : model.versions) {
    if (const auto number = ParseWholeNumber<std::uint64_t>(version)) json.Number(*number);
  }
  json.EndArray().EndObject().EndObject();
  AppendBatching(json, model);
  json.Key("input");
  AppendTensors(json, model, model.inputs);
  json.Key("output");
  AppendTensors(json, model, model.outputs);
  json.Key("parameters").BeginObject();
  for (const auto& [key, value] : model.settings) {
    json.Key(key).BeginObject().Key("string_value").String(value).EndObject();
  }
  json.EndObject().EndObject();
  return body;
}

std::string ModelStatistics(std::span<const VersionStatistics> versions) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("model_stats").BeginArray();
  for (const VersionStatistics& version : versions) AppendVersion(json, version);
  json.EndArray().EndObject();
  return body;
}

std::string RepositoryIndex(std::span<const ModelIndexEntry> entries, bool only_ready) {
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  for (const ModelIndexEntry& entry : entries) {
    if (only_ready && entry.state != "READY") continue;
    json.BeginObject().Key("name").String(entry.name).Key("version").String(entry.version);
    json.Key("state").String(entry.state).Key("reason").String(entry.reason).EndObject();
  }
  json.EndArray();
  return body;
}

Result<bool> ReadIndexAsk(const http::Request& request) {
  bool only_ready = false;
  const Status read = ReadOptionalBody(request, [&only_ready](const JsonMember& member) -> Status {
    if (member.key != "ready" || member.value.kind() == JsonKind::kNull) return {};
    if (member.value.Read(only_ready)) return {};
    return tl::unexpected(BadInput("ready", "true or false", member.value));
  });
  if (!read) return tl::unexpected(read.error());
  return only_ready;
}

Status CheckChangeAsk(const http::Request& request) {
  return ReadOptionalBody(request, [](const JsonMember& member) -> Status {
    return member.key == "parameters" ? CheckParameters(member.value) : Status();
  });
}

Status CheckChangeParameter(std::string_view name) {
  if (name == "unload_dependents") return {};
  return tl::unexpected(BadInput(
      "parameters", "none but unload_dependents: a model is what the model folder has of it",
      Quoted(name)));
}

}  // namespace baton::api
