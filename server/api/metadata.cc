// Describing the server and its models.
#include "server/api/metadata.h"

#include <span>

#include "server/api/model_directory.h"
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
  JsonWriter json(body);
  json.BeginObject().Key("name").String("baton").Key("version").String(BATON_VERSION);
  json.Key("extensions").BeginArray();
  for (const std::string_view extension : kExtensions) json.String(extension);
  json.EndArray().EndObject();
  return body;
}

std::string ServerLive() { return R"({"live":true})"; }

std::string ServerReady(bool is_ready) {
  return is_ready ? R"({"ready":true})" : R"({"ready":false})";
}

Result<std::string> ModelMetadata(const Catalogue& catalogue, std::string_view model,
                                  std::string_view version) {
  const auto served = catalogue.Look(model, version);
  if (!served) return tl::unexpected(served.error());
  const models::ModelInfo& info = (*served)->model->info();
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("name").String(info.name).Key("versions").BeginArray();
  for (const auto& other : catalogue.Find(model)->versions) json.String(other->number());
  json.EndArray().Key("platform").String(info.platform).Key("inputs");
  AppendTensors(json, info.inputs);
  json.Key("outputs");
  AppendTensors(json, info.outputs);
  json.EndObject();
  return body;
}

std::string ModelReady(std::string_view model, bool is_ready) {
  std::string body;
  JsonWriter(body).BeginObject().Key("name").String(model).Key("ready").Bool(is_ready).EndObject();
  return body;
}

}  // namespace baton::api
