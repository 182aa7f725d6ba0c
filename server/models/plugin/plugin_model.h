// A model that a plug-in runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "server/models/model.h"
#include "server/models/parameters.h"
#include "server/models/plugin/library.h"

namespace baton::models {

// What the plug-in says is checked, what it does is not: it runs inside the server's process.
//
// Threads: any, at once.
// Cost: inputs are read where they lie; each output is copied once.
class PluginModel final : public Model {
 public:
  // Opens `file` and makes the model in it. Errors: kInvalidArgument, without the path in front, as
  // PluginLibrary::Open, for a create that fails, and for a description that makes no sense.
  static Result<std::unique_ptr<PluginModel>> FromFile(std::string name, std::string version,
                                                       const std::filesystem::path& file,
                                                       const Parameters& parameters);
  ~PluginModel() override;
  PluginModel(const PluginModel&) = delete;
  PluginModel& operator=(const PluginModel&) = delete;

  const ModelInfo& info() const override { return info_; }

  // kInternal also for outputs that are missing, repeated, unknown, or not as described.
  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& stop) const override;

 private:
  PluginModel(std::unique_ptr<PluginLibrary> library, void* model, ModelInfo info)
      : library_(std::move(library)), model_(model), info_(std::move(info)) {}

  const std::unique_ptr<PluginLibrary> library_;
  void* const model_;  // destroyed by the library
  const ModelInfo info_;
};

}  // namespace baton::models
