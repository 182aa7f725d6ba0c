// Requests through the C interface, and the barrier that a plug-in's exceptions stop at.
#include "server/models/plugin/plugin_model.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "server/models/plugin/call.h"
#include "server/models/plugin/description.h"

namespace baton::models {
namespace {

constexpr std::string_view kPlatform = "baton_plugin";

// Runs `body`, a function that returns a Result. A plug-in may let no exception out; one that does
// is not to take the server with it.
template <typename Body>
auto Guarded(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInternal, std::string("the plug-in: ") + error.what());
  } catch (...) {
    return Fail(ErrorCode::kInternal, "the plug-in: an exception of unknown type");
  }
}

Result<void*> Create(const baton_plugin& table, const ModelInfo& info, const std::string& folder,
                     const Parameters& parameters) {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  const baton_config config = {info.name.c_str(), info.version.c_str(), folder.c_str(),
                               keys.data(),       values.data(),        keys.size()};
  const std::stop_token never;
  const PluginCall call(info, never);
  void* const model = table.create(&config, &call.lent());
  if (model != nullptr) return model;
  return Fail(ErrorCode::kInvalidArgument, "the plug-in makes no model: " + call.message());
}

baton_tensor ToPlugin(const Tensor& tensor, std::vector<baton_text>& texts) {
  texts.reserve(tensor.strings.size());
  for (const std::string& text : tensor.strings) texts.push_back({text.data(), text.size()});
  return {tensor.name.c_str(), static_cast<std::int32_t>(tensor.type),
          tensor.shape.data(), tensor.shape.size(),
          tensor.raw.data(),   tensor.raw.size(),
          texts.data(),        texts.size()};
}

// The inputs in the order of the description. Requires: CheckInputs is content.
class PluginInputs {
 public:
  PluginInputs(const ModelInfo& info, std::span<const Tensor> inputs) : texts_(inputs.size()) {
    tensors_.reserve(inputs.size());
    for (const TensorSpec& spec : info.inputs) {
      const auto input = std::find_if(inputs.begin(), inputs.end(), [&spec](const Tensor& each) {
        return each.name == spec.name;
      });
      tensors_.push_back(ToPlugin(*input, texts_[tensors_.size()]));
    }
  }

  std::span<const baton_tensor> tensors() const { return tensors_; }

 private:
  std::vector<std::vector<baton_text>> texts_;
  std::vector<baton_tensor> tensors_;
};

tl::unexpected<Error> Stopped() {
  return Fail(ErrorCode::kDeadlineExceeded, "the run was stopped: nobody waits for its answer");
}

}  // namespace

Result<std::unique_ptr<PluginModel>> PluginModel::FromFile(std::string name, std::string version,
                                                           const std::filesystem::path& file,
                                                           const Parameters& parameters) {
  using Loaded = Result<std::unique_ptr<PluginModel>>;
  auto library = PluginLibrary::Open(file);
  if (!library) return tl::unexpected(std::move(library.error()));
  const baton_plugin& table = (*library)->table();
  return Guarded([&]() -> Loaded {
    ModelInfo info{std::move(name), std::move(version), std::string(kPlatform), {}, {}};
    const auto model = Create(table, info, file.parent_path().string(), parameters);
    if (!model) return tl::unexpected(model.error());
    Status status = ReadDescription(table.describe(*model), info);
    if (!status) {
      table.destroy(*model);
      return tl::unexpected(std::move(status.error()));
    }
    return std::unique_ptr<PluginModel>(
        new PluginModel(std::move(*library), *model, std::move(info)));
  });
}

PluginModel::~PluginModel() { library_->table().destroy(model_); }

Result<std::vector<Tensor>> PluginModel::Predict(std::span<const Tensor> inputs,
                                                 std::span<const std::string> wanted,
                                                 const std::stop_token& stop) const {
  if (Status status = CheckInputs(info_, inputs); !status) return tl::unexpected(status.error());
  const auto outputs = FindOutputs(info_, wanted);
  if (!outputs) return tl::unexpected(outputs.error());
  if (stop.stop_requested()) return Stopped();
  return Guarded([&]() -> Result<std::vector<Tensor>> {
    const PluginInputs given(info_, inputs);
    PluginCall call(info_, stop);
    const std::int32_t end = library_->table().predict(model_, given.tensors().data(),
                                                       given.tensors().size(), &call.lent());
    if (end == BATON_OK) return call.TakeOutputs(*outputs);
    if (end == BATON_STOPPED && stop.stop_requested()) return Stopped();
    const bool is_bad_input = end == BATON_BAD_INPUT;
    return Fail(is_bad_input ? ErrorCode::kInvalidArgument : ErrorCode::kInternal,
                "the plug-in: " + call.message());
  });
}

}  // namespace baton::models
