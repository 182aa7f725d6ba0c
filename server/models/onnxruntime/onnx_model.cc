// Sessions of ONNX Runtime behind the model interface, and the barrier that its exceptions stop at.
#include "server/models/onnxruntime/onnx_model.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "server/models/named_dimensions.h"
#include "server/models/onnxruntime/api.h"
#include "server/models/onnxruntime/map_output.h"
#include "server/models/onnxruntime/model_file.h"
#include "server/models/onnxruntime/values.h"

namespace baton::models {
namespace {

constexpr std::string_view kPlatform = "onnxruntime_onnx";

// Runs `body`, a function that returns a Result, and turns what it throws into an Error: what ONNX
// Runtime calls an invalid argument is one, anything else is `otherwise`.
template <typename Body>
auto Guarded(ErrorCode otherwise, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Ort::Exception& error) {
    const bool is_argument = error.GetOrtErrorCode() == ORT_INVALID_ARGUMENT;
    return Fail(is_argument ? ErrorCode::kInvalidArgument : otherwise,
                std::string("ONNX Runtime: ") + error.what());
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInternal, std::string("running ONNX Runtime: ") + error.what());
  } catch (...) {
    return Fail(ErrorCode::kInternal, "running ONNX Runtime: an exception of unknown type");
  }
}

Ort::SessionOptions MakeSessionOptions(const std::string& log_id) {
  Ort::SessionOptions options;
  options.SetLogId(log_id.c_str());
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.AddConfigEntry("session.intra_op.allow_spinning", "0");
  // Loading computes what it can; a small file must not become a large tensor by it. In the words
  // of releases that know it.
  options.AddConfigEntry("optimization.constant_folding_max_output_size_in_bytes", "67108864");
  return options;
}

Ort::RunOptions MakeRunOptions() {
  Ort::RunOptions options;
  // Warnings of a run would come once a request.
  options.SetRunLogSeverityLevel(ORT_LOGGING_LEVEL_ERROR);
  return options;
}

// The options of one run, with which it can be stopped. Stays where it was made.
class StoppableRun {
 public:
  explicit StoppableRun(const std::stop_token& stop) : terminate_(stop, Terminate{options_}) {}

  const Ort::RunOptions& options() const { return options_; }

 private:
  struct Terminate {
    Ort::RunOptions& options;
    void operator()() const noexcept { options.SetTerminate(); }
  };

  Ort::RunOptions options_ = MakeRunOptions();
  std::stop_callback<Terminate> terminate_;
};

// What a client may see of a failure: one line without places in somebody's sources.
std::string ForClients(const std::string& text) {
  constexpr std::size_t kMost = 300;
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    if (word.front() == '/') continue;
    line += (line.empty() ? "" : " ") + word;
  }
  if (line.size() <= kMost) return line;
  const auto is_inside = [&line](std::size_t at) {
    return (static_cast<unsigned char>(line[at]) & 0xC0U) == 0x80U;
  };
  std::size_t end = kMost;
  while (is_inside(end)) --end;
  return line.substr(0, end) + "...";
}

tl::unexpected<Error> Stopped() {
  return Fail(ErrorCode::kDeadlineExceeded, "the run was stopped: nobody waits for its answer");
}

std::string_view KindOf(ONNXType type) {
  switch (type) {
    case ONNX_TYPE_SEQUENCE: return "a sequence";
    case ONNX_TYPE_MAP: return "a map";
    case ONNX_TYPE_SPARSETENSOR: return "a sparse tensor";
    case ONNX_TYPE_OPTIONAL: return "an optional value";
    case ONNX_TYPE_OPAQUE: return "an opaque value";
    case ONNX_TYPE_TENSOR: return "a tensor";
    case ONNX_TYPE_UNKNOWN: break;
  }
  return "of unknown type";
}

// `what` is "input" or "output".
Result<TensorSpec> MakeSpec(std::string_view what, std::string name, const Ort::TypeInfo& type) {
  const std::string subject = std::string(what) + " '" + name + "' ";
  if (type.GetONNXType() != ONNX_TYPE_TENSOR) {
    return Fail(
        ErrorCode::kInvalidArgument,
        subject + "is " + std::string(KindOf(type.GetONNXType())) + ", only tensors can be served");
  }
  const Ort::ConstTensorTypeAndShapeInfo tensor = type.GetTensorTypeAndShapeInfo();
  const std::optional<DataType> data_type = DataTypeOf(tensor.GetElementType());
  if (!data_type) {
    return Fail(ErrorCode::kInvalidArgument,
                subject + "has ONNX element type " + std::to_string(tensor.GetElementType()) +
                    ", which the Open Inference Protocol has no datatype for");
  }
  TensorSpec spec{std::move(name), *data_type, tensor.GetShape()};
  std::vector<const char*> names(spec.shape.size(), nullptr);
  tensor.GetSymbolicDimensions(names.data(), names.size());
  for (const char* const dimension : names) {
    spec.dimension_names.emplace_back(dimension != nullptr ? dimension : "");
  }
  return spec;
}

}  // namespace

struct OnnxModel::Session {
  explicit Session(Ort::Session opened)
      : session(std::move(opened)),
        run_options(MakeRunOptions()),
        cpu(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault)) {
    Ort::AllocatorWithDefaultOptions allocator;
    for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
      output_names.emplace_back(session.GetOutputNameAllocated(i, allocator).get());
    }
  }

  Ort::Session session;
  std::vector<std::string> output_names;
  const Ort::RunOptions run_options;
  const Ort::MemoryInfo cpu;
};

OnnxModel::OnnxModel(ModelInfo info, std::vector<Source> sources, std::unique_ptr<Session> session)
    : info_(std::move(info)), sources_(std::move(sources)), session_(std::move(session)) {}

OnnxModel::~OnnxModel() = default;

Status OnnxModel::DescribeInputs(const Session& session, ModelInfo& info) {
  Ort::AllocatorWithDefaultOptions allocator;
  for (std::size_t i = 0; i < session.session.GetInputCount(); ++i) {
    Result<TensorSpec> spec =
        MakeSpec("input", session.session.GetInputNameAllocated(i, allocator).get(),
                 session.session.GetInputTypeInfo(i));
    if (!spec) return tl::unexpected(spec.error());
    info.inputs.push_back(std::move(*spec));
  }
  return {};
}

Status OnnxModel::DescribeOutputs(const Session& session, const Options& options, ModelInfo& info,
                                  std::vector<Source>& sources) {
  for (std::size_t i = 0; i < session.output_names.size(); ++i) {
    const std::string& name = session.output_names[i];
    const Ort::TypeInfo type = session.session.GetOutputTypeInfo(i);
    const auto key_type = options.flatten_maps ? KeyTypeOfMaps(type) : std::nullopt;
    if (key_type) {
      info.outputs.push_back({name, DataType::kFp32, {-1, -1}});
      info.outputs.push_back({LabelsName(name), *key_type, {-1, -1}});
      sources.push_back({i, Source::Part::kMapNumbers});
      sources.push_back({i, Source::Part::kMapLabels});
      continue;
    }
    Result<TensorSpec> spec = MakeSpec("output", name, type);
    if (!spec) return tl::unexpected(spec.error());
    info.outputs.push_back(std::move(*spec));
    sources.push_back({i, Source::Part::kTensor});
  }
  return CheckLabelsNames(info.outputs);
}

template <typename MakeSession>
Result<std::unique_ptr<OnnxModel>> OnnxModel::Load(std::string name, std::string version,
                                                   const Options& options,
                                                   MakeSession make_session) {
  using Loaded = Result<std::unique_ptr<OnnxModel>>;
  return Guarded(ErrorCode::kInvalidArgument, [&]() -> Loaded {
    const Ort::SessionOptions session_options = MakeSessionOptions(name + "/" + version);
    auto session = std::make_unique<Session>(make_session(session_options));
    ModelInfo info{std::move(name), std::move(version), std::string(kPlatform), {}, {}};
    std::vector<Source> sources;
    Status status = DescribeInputs(*session, info);
    if (status) status = DescribeOutputs(*session, options, info, sources);
    if (!status) return tl::unexpected(status.error());
    return std::unique_ptr<OnnxModel>(
        new OnnxModel(std::move(info), std::move(sources), std::move(session)));
  });
}

Result<std::unique_ptr<OnnxModel>> OnnxModel::FromFile(const OnnxRuntime& runtime, std::string name,
                                                       std::string version,
                                                       const std::filesystem::path& path,
                                                       const Options& options) {
  if (Status status = CheckOnnxFile(path); !status) return tl::unexpected(status.error());
  return Load(std::move(name), std::move(version), options,
              [&](const Ort::SessionOptions& session_options) {
                return Ort::Session(runtime.env(), path.c_str(), session_options);
              });
}

Result<std::unique_ptr<OnnxModel>> OnnxModel::FromBytes(const OnnxRuntime& runtime,
                                                        std::string name, std::string version,
                                                        std::span<const std::byte> bytes,
                                                        const Options& options) {
  if (Status status = CheckOnnxBytes(bytes); !status) return tl::unexpected(status.error());
  return Load(std::move(name), std::move(version), options,
              [&](const Ort::SessionOptions& session_options) {
                return Ort::Session(runtime.env(), bytes.data(), bytes.size(), session_options);
              });
}

Result<std::vector<Tensor>> OnnxModel::Predict(std::span<const Tensor> inputs,
                                               std::span<const std::string> wanted,
                                               const std::stop_token& stop) const {
  if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
  Result<std::vector<std::size_t>> outputs = FindOutputs(info_, wanted);
  if (!outputs) return tl::unexpected(outputs.error());
  if (stop.stop_requested()) return Stopped();
  auto result = Guarded(ErrorCode::kInternal, [&] { return Run(inputs, *outputs, stop); });
  // ONNX Runtime has no code of its own for a run that was terminated.
  const bool has_failed = !result && result.error().code == ErrorCode::kInternal;
  if (has_failed && stop.stop_requested()) return Stopped();
  if (has_failed) {
    if (Status same = CheckNamedDimensions(info_, inputs); !same) {
      return tl::unexpected(std::move(same.error()));
    }
  }
  if (!result) result.error().message = ForClients(result.error().message);
  return result;
}

Result<std::vector<Tensor>> OnnxModel::Run(std::span<const Tensor> inputs,
                                           std::span<const std::size_t> outputs,
                                           const std::stop_token& stop) const {
  std::vector<const char*> input_names;
  std::vector<Ort::Value> input_values;
  input_names.reserve(inputs.size());
  input_values.reserve(inputs.size());
  for (const Tensor& input : inputs) {
    input_names.push_back(input.name.c_str());
    input_values.push_back(ToValue(input, session_->cpu));
  }
  // Both halves of a sequence of maps come from one value.
  std::vector<std::size_t> needed;
  std::vector<const char*> output_names;
  for (const std::size_t index : outputs) {
    const std::size_t source = sources_[index].index;
    if (std::find(needed.begin(), needed.end(), source) != needed.end()) continue;
    needed.push_back(source);
    output_names.push_back(session_->output_names[source].c_str());
  }

  std::optional<StoppableRun> stoppable;
  if (stop.stop_possible()) stoppable.emplace(stop);
  std::vector<Ort::Value> values = session_->session.Run(
      stoppable ? stoppable->options() : session_->run_options, input_names.data(),
      input_values.data(), input_values.size(), output_names.data(), output_names.size());

  std::vector<Tensor> tensors;
  tensors.reserve(outputs.size());
  for (const std::size_t index : outputs) {
    const auto [source, part] = sources_[index];
    const auto place = std::find(needed.begin(), needed.end(), source) - needed.begin();
    Ort::Value& value = values[static_cast<std::size_t>(place)];
    const TensorSpec& spec = info_.outputs[index];
    tensors.push_back(part == Source::Part::kTensor ? FromValue(std::move(value), spec, inputs)
                      : part == Source::Part::kMapNumbers ? NumbersOfMaps(value, spec)
                                                          : LabelsOfMaps(value, spec));
  }
  return tensors;
}

}  // namespace baton::models
