// Boosters behind the model interface.
#include "server/models/xgboost/xgboost_model.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include "server/base/log.h"
#include "server/models/xgboost/api.h"
#include "server/models/xgboost/check_model.h"
#include "server/models/xgboost/document.h"

namespace baton::models {
namespace {

constexpr std::string_view kPlatform = "xgboost";
// Version 1.7 fails without "cache_id".
constexpr const char* kPredictConfig =
    R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true,)"
    R"("missing":NaN,"cache_id":0})";

void WriteLog(const char* message) {
  try {
    Log(LogLevel::kDebug, "xgboost", {{"message", message}});
  } catch (...) {
    // Called from C: a line that cannot be written is lost.
  }
}

// XGBoost's last error of this thread: its first line, without the time and the trace.
std::string LastError(const XgboostApi& api) {
  const std::string_view text = api.last_error();
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto time_end = line.rfind('[', 0) == 0 ? line.find("] ") : line.npos;
  return "XGBoost: " + std::string(time_end == line.npos ? line : line.substr(time_end + 2));
}

Result<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad() || !in.is_open()) return Fail(ErrorCode::kInvalidArgument, "cannot be read");
  return bytes;
}

// The cells where they lie, as NumPy's array interface.
std::string ArrayInterface(const Tensor& input) {
  const auto address = reinterpret_cast<std::uintptr_t>(input.raw.data());
  return R"({"data":[)" + std::to_string(address) + R"(,true],"shape":[)" +
         std::to_string(input.shape[0]) + "," + std::to_string(input.shape[1]) +
         R"(],"typestr":"<f4","version":3})";
}

Result<std::int64_t> CheckBytes(std::string_view bytes, bool is_json) {
  const auto document = is_json ? xgboost::ReadJson(bytes) : xgboost::ReadUbjson(bytes);
  if (!document) return tl::unexpected(document.error());
  return xgboost::CheckModel(*document);
}

}  // namespace

void XgboostModel::Freer::operator()(void* booster) const {
  static_cast<void>(api->free(booster));  // fails for null only
}

Result<XgboostModel::Booster> XgboostModel::MakeBooster(const XgboostApi& api,
                                                        std::string_view bytes) {
  const auto failed = [&api] { return Fail(ErrorCode::kInvalidArgument, LastError(api)); };
  static_cast<void>(api.register_log(&WriteLog));  // of this thread; cannot fail
  BoosterHandle handle = nullptr;
  if (api.create(nullptr, 0, &handle) != 0) return failed();
  Booster booster(handle, Freer{&api});
  // Parallelism comes from the worker pool.
  if (api.set_parameter(handle, "nthread", "1") != 0) return failed();
  if (api.load(handle, bytes.data(), bytes.size()) != 0) return failed();
  return booster;
}

Result<std::unique_ptr<XgboostModel>> XgboostModel::FromFile(const XgboostApi& api,
                                                             std::string name, std::string version,
                                                             const std::filesystem::path& path) {
  const auto bytes = ReadFile(path);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto features = CheckBytes(*bytes, path.extension() == ".json");
  if (!features) return tl::unexpected(features.error());
  auto booster = MakeBooster(api, *bytes);
  if (!booster) return tl::unexpected(std::move(booster.error()));
  ModelInfo info{std::move(name), std::move(version), std::string(kPlatform), {}, {}};
  info.inputs = {{"input", DataType::kFp32, {-1, *features}}};
  auto model =
      std::unique_ptr<XgboostModel>(new XgboostModel(api, std::move(*booster), std::move(info)));
  if (Status status = model->AskForOutput(); !status) return tl::unexpected(status.error());
  return model;
}

// Predicts a row of missing values: the shape of its output is the model's, and the booster has
// then finished setting itself up, which it may not do on several threads.
Status XgboostModel::AskForOutput() {
  Tensor row;
  row.shape = {1, info_.inputs[0].shape[1]};
  row.raw.resize(static_cast<std::size_t>(row.shape[1]) * sizeof(float));
  for (float& cell : row.As<float>()) cell = std::numeric_limits<float>::quiet_NaN();
  info_.outputs = {{"output", DataType::kFp32, {-1, -1}}};
  const Result<Tensor> output = Run(row);
  if (!output) return Fail(ErrorCode::kInvalidArgument, output.error().message);
  info_.outputs[0].shape = {-1};
  if (output->shape[1] != 1) info_.outputs[0].shape.push_back(output->shape[1]);
  return {};
}

Result<Tensor> XgboostModel::Run(const Tensor& input) const {
  const bst_ulong* shape = nullptr;
  bst_ulong rank = 0;
  const float* elements = nullptr;
  const int end = api_.predict(booster_.get(), ArrayInterface(input).c_str(), kPredictConfig,
                               nullptr, &shape, &rank, &elements);
  if (end != 0) return Fail(ErrorCode::kInternal, LastError(api_));
  const TensorSpec& spec = info_.outputs[0];
  Tensor output;
  output.name = spec.name;
  output.shape.assign(shape, shape + rank);
  if (rank == 2 && spec.shape.size() == 1) output.shape.pop_back();
  const auto count = ElementCount(output.shape);
  if (rank != 2 || !count || !Fits(output.shape, spec.shape)) {
    return Fail(ErrorCode::kInternal, "XGBoost: expected an output of shape " + ToText(spec.shape) +
                                          ", got " + ToText(output.shape));
  }
  const auto* const bytes = reinterpret_cast<const std::byte*>(elements);
  output.raw.assign(bytes, bytes + *count * sizeof(float));
  return output;
}

Result<std::vector<Tensor>> XgboostModel::Predict(std::span<const Tensor> inputs,
                                                  std::span<const std::string> wanted,
                                                  const std::stop_token& stop) const {
  if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
  if (auto outputs = FindOutputs(info_, wanted); !outputs) return tl::unexpected(outputs.error());
  if (stop.stop_requested()) {
    return Fail(ErrorCode::kDeadlineExceeded, "the run was stopped: nobody waits for its answer");
  }
  std::vector<Tensor> tensors(1);
  if (inputs[0].shape[0] == 0) {
    tensors[0].name = info_.outputs[0].name;
    tensors[0].shape = info_.outputs[0].shape;
    tensors[0].shape[0] = 0;
    return tensors;
  }
  Result<Tensor> output = Run(inputs[0]);
  if (!output) return tl::unexpected(std::move(output.error()));
  tensors[0] = std::move(*output);
  return tensors;
}

}  // namespace baton::models
