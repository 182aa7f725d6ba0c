// From the directory's words to the protocol's messages.
#include "server/api/grpc/plain_methods.h"

#include <charconv>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "inference/grpc_service.pb.h"

#include "server/api/grpc/infer_status.h"
#include "server/api/model_answers.h"

namespace baton::api {
namespace {

using rpc::PlainMethod;
using rpc::PlainMethods;

inference::DataType TypeOf(models::DataType type) {
  using models::DataType;
  switch (type) {
    case DataType::kBool: return inference::TYPE_BOOL;
    case DataType::kUint8: return inference::TYPE_UINT8;
    case DataType::kUint16: return inference::TYPE_UINT16;
    case DataType::kUint32: return inference::TYPE_UINT32;
    case DataType::kUint64: return inference::TYPE_UINT64;
    case DataType::kInt8: return inference::TYPE_INT8;
    case DataType::kInt16: return inference::TYPE_INT16;
    case DataType::kInt32: return inference::TYPE_INT32;
    case DataType::kInt64: return inference::TYPE_INT64;
    case DataType::kFp16: return inference::TYPE_FP16;
    case DataType::kFp32: return inference::TYPE_FP32;
    case DataType::kFp64: return inference::TYPE_FP64;
    case DataType::kBytes: return inference::TYPE_STRING;
    case DataType::kBf16: return inference::TYPE_BF16;
  }
  return inference::TYPE_INVALID;
}

template <typename Tensors>
void Describe(std::span<const models::TensorSpec> specs, Tensors& out) {
  for (const models::TensorSpec& spec : specs) {
    auto& tensor = *out.Add();
    tensor.set_name(spec.name);
    tensor.set_datatype(std::string(models::ToText(spec.type)));
    tensor.mutable_shape()->Add(spec.shape.begin(), spec.shape.end());
  }
}

template <typename Tensors>
void Configure(std::span<const models::TensorSpec> specs, bool has_batch_dimension, Tensors& out) {
  for (const models::TensorSpec& spec : specs) {
    auto& tensor = *out.Add();
    tensor.set_name(spec.name);
    tensor.set_data_type(TypeOf(spec.type));
    const auto batch = has_batch_dimension ? 1 : 0;
    tensor.mutable_dims()->Add(spec.shape.begin() + batch, spec.shape.end());
  }
}

void Configure(const ModelDescription& model, inference::ModelConfig& config) {
  config.set_name(model.name);
  config.set_platform(model.platform);
  config.set_backend(model.platform.substr(0, model.platform.find('_')));
  for (const std::string& version : model.versions) {
    std::int64_t number = 0;
    const auto* end = version.data() + version.size();
    const auto read = std::from_chars(version.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) continue;
    config.mutable_version_policy()->mutable_specific()->add_versions(number);
  }
  if (model.has_batch_dimension) config.set_max_batch_size(model.max_batch_size);
  Configure(model.inputs, model.has_batch_dimension, *config.mutable_input());
  Configure(model.outputs, model.has_batch_dimension, *config.mutable_output());
  if (model.has_batch_dimension && model.max_batch_size > 1) {
    auto& batching = *config.mutable_dynamic_batching();
    batching.add_preferred_batch_size(model.max_batch_size);
    batching.set_max_queue_delay_microseconds(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(model.batch_delay).count()));
  }
  for (const auto& [key, value] : model.settings) {
    (*config.mutable_parameters())[key].set_string_value(value);
  }
}

void Count(const CountedTime& from, inference::StatisticDuration& to) {
  to.set_count(from.count);
  to.set_ns(static_cast<std::uint64_t>(from.time.count()));
}

void Tell(const VersionStatistics& from, inference::ModelStatistics& to) {
  to.set_name(from.name);
  to.set_version(from.version);
  to.set_last_inference(from.last_inference_unix_ms);
  to.set_inference_count(from.inferences);
  to.set_execution_count(from.executions);
  inference::InferStatistics& times = *to.mutable_inference_stats();
  Count(from.success, *times.mutable_success());
  Count(from.fail, *times.mutable_fail());
  Count(from.queue, *times.mutable_queue());
  Count(from.compute_input, *times.mutable_compute_input());
  Count(from.compute_infer, *times.mutable_compute_infer());
  Count(from.compute_output, *times.mutable_compute_output());
  Count(from.cache_hit, *times.mutable_cache_hit());
  Count(from.cache_miss, *times.mutable_cache_miss());
  for (const VersionStatistics::BatchSize& batch : from.batches) {
    auto& told = *to.add_batch_stats();
    told.set_batch_size(batch.size);
    Count(batch.compute_infer, *told.mutable_compute_infer());
  }
}

grpc::Status FillLive(const ModelDirectory& /*directory*/,
                      const inference::ServerLiveRequest& /*request*/,
                      inference::ServerLiveResponse& response) {
  response.set_live(true);
  return {};
}

grpc::Status FillReady(const ModelDirectory& directory,
                       const inference::ServerReadyRequest& /*request*/,
                       inference::ServerReadyResponse& response) {
  response.set_ready(directory.IsReady());
  return {};
}

grpc::Status FillModelReady(const ModelDirectory& directory,
                            const inference::ModelReadyRequest& request,
                            inference::ModelReadyResponse& response) {
  const auto model = directory.Describe(request.name(), request.version());
  if (!model && model.error().code != ErrorCode::kUnavailable) return StatusOf(model.error());
  response.set_ready(model.has_value());
  return {};
}

grpc::Status FillServerMetadata(const ModelDirectory& /*directory*/,
                                const inference::ServerMetadataRequest& /*request*/,
                                inference::ServerMetadataResponse& response) {
  response.set_name("baton");
  response.set_version(BATON_VERSION);
  for (const std::string_view extension : kExtensions) {
    response.add_extensions(std::string(extension));
  }
  return {};
}

grpc::Status FillModelMetadata(const ModelDirectory& directory,
                               const inference::ModelMetadataRequest& request,
                               inference::ModelMetadataResponse& response) {
  const auto model = directory.Describe(request.name(), request.version());
  if (!model) return StatusOf(model.error());
  response.set_name(model->name);
  response.mutable_versions()->Add(model->versions.begin(), model->versions.end());
  response.set_platform(model->platform);
  Describe(model->inputs, *response.mutable_inputs());
  Describe(model->outputs, *response.mutable_outputs());
  response.mutable_properties()->insert(model->properties.begin(), model->properties.end());
  return {};
}

grpc::Status FillModelConfig(const ModelDirectory& directory,
                             const inference::ModelConfigRequest& request,
                             inference::ModelConfigResponse& response) {
  const auto model = directory.Describe(request.name(), request.version());
  if (!model) return StatusOf(model.error());
  Configure(*model, *response.mutable_config());
  return {};
}

grpc::Status FillStatistics(const ModelDirectory& directory,
                            const inference::ModelStatisticsRequest& request,
                            inference::ModelStatisticsResponse& response) {
  const auto versions = directory.Statistics(request.name(), request.version());
  if (!versions) return StatusOf(versions.error());
  for (const VersionStatistics& version : *versions) Tell(version, *response.add_model_stats());
  return {};
}

grpc::Status FillIndex(const ModelDirectory& directory,
                       const inference::RepositoryIndexRequest& request,
                       inference::RepositoryIndexResponse& response) {
  for (const ModelIndexEntry& entry : directory.Index()) {
    if (request.ready() && entry.state != "READY") continue;
    auto& model = *response.add_models();
    model.set_name(entry.name);
    model.set_version(entry.version);
    model.set_state(entry.state);
    model.set_reason(entry.reason);
  }
  return {};
}

template <typename Request, typename Response>
PlainMethod Filled(const ModelDirectory& directory,
                   grpc::Status (*fill)(const ModelDirectory&, const Request&, Response&)) {
  return rpc::MakeMethod<Request, Response>(
      PlainMethod::Shape::kUnary, [&directory, fill](const Request& request, Response& response) {
        return fill(directory, request, response);
      });
}

// `parameters` of a change: none but "unload_dependents" is known.
template <typename Request>
grpc::Status CheckChange(const ModelDirectory& directory, const Request& request) {
  if (!directory.AllowsChanges()) {
    return {grpc::StatusCode::PERMISSION_DENIED, std::string(kChangesAreOff)};
  }
  for (const auto& [name, value] : request.parameters()) {
    if (const Status known = CheckChangeParameter(name); !known) return StatusOf(known.error());
  }
  return {};
}

// The answer of a change that is made has nothing in it.
template <typename Request>
PlainMethod Changed(const ModelDirectory& directory, RepositoryChange::Kind kind,
                    const PostToQueue& post) {
  return {PlainMethod::Shape::kUnary,
          [&directory, kind, post](const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
            Request request;
            grpc::Status status = rpc::Parse(ask.message, request);
            if (status.ok()) status = CheckChange(directory, request);
            if (!status.ok()) {
              reply(status, {});
              return;
            }
            directory.Change({kind, request.model_name()}, [post, reply](const Status& changed) {
              post([reply, status = changed ? grpc::Status() : StatusOf(changed.error())] {
                reply(status, {});
              });
            });
          }};
}

}  // namespace

PlainMethods MakeInferenceMethods(const ModelDirectory& directory, const PostToQueue& post) {
  const std::string service("/inference.GRPCInferenceService/");
  using Kind = RepositoryChange::Kind;
  PlainMethods methods;
  methods[service + "ServerLive"] = Filled(directory, &FillLive);
  methods[service + "ServerReady"] = Filled(directory, &FillReady);
  methods[service + "ModelReady"] = Filled(directory, &FillModelReady);
  methods[service + "ServerMetadata"] = Filled(directory, &FillServerMetadata);
  methods[service + "ModelMetadata"] = Filled(directory, &FillModelMetadata);
  methods[service + "ModelConfig"] = Filled(directory, &FillModelConfig);
  methods[service + "ModelStatistics"] = Filled(directory, &FillStatistics);
  methods[service + "RepositoryIndex"] = Filled(directory, &FillIndex);
  methods[service + "RepositoryModelLoad"] =
      Changed<inference::RepositoryModelLoadRequest>(directory, Kind::kLoad, post);
  methods[service + "RepositoryModelUnload"] =
      Changed<inference::RepositoryModelUnloadRequest>(directory, Kind::kUnload, post);
  return methods;
}

}  // namespace baton::api
