// Describing the server and its models.
#include "server/api/metadata.h"

#include <span>

#include "server/api/bad_input.h"
#include "server/base/json_writer.h"

namespace baton::api {
namespace {

void AppendTensors(JsonWriter& json, std::span<const models::TensorSpec> specs) {
  json.BeginArray();
  for (const models::TensorSpec& spec : specs) {
    json.BeginObject().Key("name").String(spec.name);
    json.Key("datatype").String(models::ToText(spec.type));
    json.Key("shape").BeginArray();
    for (const std::int64_t size : spec.shape) json.Number(size);
    json.EndArray().EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string ServerMetadata() {
  std::string body;
  JsonWriter(body)
      .BeginObject()
      .Key("name")
      .String("baton")
      .Key("version")
      .String(BATON_VERSION)
      .Key("extensions")
      .BeginArray()
      .EndArray()
      .EndObject();
  return body;
}

std::string ServerLive() { return R"({"live":true})"; }

std::string ServerReady(bool is_ready) {
  return is_ready ? R"({"ready":true})" : R"({"ready":false})";
}

Result<const models::Model*> ChooseModel(const models::ModelVersions& versions,
                                         std::string_view version) {
  if (version.empty()) return &versions.Latest();
  if (const models::Model* model = versions.Find(std::string(version))) return model;
  std::string there;
  for (const models::LoadedModel& loaded : versions.versions) {
    there += (there.empty() ? "" : ", ") + loaded.model->info().version;
  }
  return Fail(ErrorCode::kNotFound, "model " + Quoted(versions.name) + " has no version " +
                                        Quoted(version) + ", expected one of " + there);
}

Result<std::string> ModelMetadata(const models::ModelVersions& versions, std::string_view version) {
  const auto model = ChooseModel(versions, version);
  if (!model) return tl::unexpected(model.error());
  const models::ModelInfo& info = (*model)->info();
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("name").String(versions.name).Key("versions").BeginArray();
  for (const models::LoadedModel& loaded : versions.versions) {
    json.String(loaded.model->info().version);
  }
  json.EndArray().Key("platform").String(info.platform).Key("inputs");
  AppendTensors(json, info.inputs);
  json.Key("outputs");
  AppendTensors(json, info.outputs);
  json.EndObject();
  return body;
}

Result<std::string> ModelReady(const models::ModelVersions& versions, std::string_view version) {
  const auto model = ChooseModel(versions, version);
  if (!model) return tl::unexpected(model.error());
  std::string body;
  JsonWriter(body)
      .BeginObject()
      .Key("name")
      .String(versions.name)
      .Key("ready")
      .Bool(true)
      .EndObject();
  return body;
}

}  // namespace baton::api
