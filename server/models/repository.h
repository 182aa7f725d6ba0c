// Where models come from: the bundled ones inside the binary, or a folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/model.h"

namespace baton::models {

struct LoadedModel {
  std::shared_ptr<const Model> model;
  Duration load_time = Duration::zero();
};

// A name's versions, ascending by number; the last is the one that answers requests without a
// version.
struct ModelVersions {
  std::string name;
  std::vector<LoadedModel> versions;

  const Model& Latest() const { return *versions.back().model; }
  const Model* Find(const std::string& version) const;  // null when there is none
};

using ModelSet = std::map<std::string, ModelVersions, std::less<>>;

struct RepositoryOptions {
  // <name>/<version>/model.onnx; empty for the bundled models. Versions are positive integers;
  // names match [A-Za-z0-9][A-Za-z0-9._-]{0,63}.
  std::filesystem::path directory;
  // The ONNX Runtime library; empty for the usual places (see onnxruntime/library.h).
  std::filesystem::path onnxruntime_library;
};

// Loads all models or none. Blocks for the time it takes; not for a conductor.
// Errors: kNotFound for a folder or model file that is not there, kInvalidArgument for one that
// does not load; the message holds the path and the reason.
Result<ModelSet> LoadModels(const RepositoryOptions& options);

// One request row for a bundled model from its held-out rows, as an OIP infer request in JSON;
// empty when there is none of the name.
std::string_view BundledSample(std::string_view model_name);

}  // namespace baton::models
