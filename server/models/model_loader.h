// One version of a model out of its folder, whatever backend runs it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "server/base/result.h"
#include "server/models/model.h"

namespace baton::models {

// Where the libraries of backends are; each is opened when the first model needs it. Empty: the
// usual places (see onnxruntime/library.h, xgboost/library.h).
struct BackendLibraries {
  std::filesystem::path onnxruntime;
  std::filesystem::path xgboost;
};

struct LoadRequest {
  std::string name;
  std::string version;

  // Holds exactly one of model.onnx, model.json, model.ubj and model.so; not looked at by the
  // backend "builtin".
  std::filesystem::path folder;

  // In place of a folder, an ONNX model in memory; needed during the call only.
  std::span<const std::byte> onnx = {};

  // "onnxruntime" (model.onnx), "xgboost" (model.json or model.ubj), "plugin" (model.so), "builtin"
  // (no file). Empty: by the file that is there.
  std::string backend = {};

  // For "builtin" (see builtin/builtin.h) and "plugin", which is given them as they are. The others
  // take none.
  std::map<std::string, std::string> parameters = {};

  // For "onnxruntime": whether an output that is a sequence of maps is served as two tensors (see
  // onnxruntime/onnx_model.h) instead of being refused.
  bool flatten_maps = false;
};

// Loads it; blocks for the time that takes, which is milliseconds for most and seconds for some.
//
// Threads: any.
// Errors: kNotFound when there is no model file, or no library for it; kInvalidArgument for
// everything that is wrong with the request or the file. The message begins with the path where a
// file is to blame, and says what was expected. Nothing stays behind of a version that does not
// load.
Result<std::unique_ptr<Model>> LoadModelVersion(const LoadRequest& request,
                                                const BackendLibraries& libraries);

}  // namespace baton::models
