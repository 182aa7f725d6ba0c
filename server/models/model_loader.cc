// The table of backends, and which of them a folder is for.
#include "server/models/model_loader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "server/models/builtin/builtin.h"
#include "server/models/onnxruntime/library.h"
#include "server/models/onnxruntime/onnx_model.h"
#include "server/models/parameters.h"
#include "server/models/plugin/plugin_model.h"
#include "server/models/xgboost/library.h"
#include "server/models/xgboost/xgboost_model.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using Loaded = Result<std::unique_ptr<Model>>;

struct FileKind {
  std::string_view file;
  std::string_view backend;
  Loaded (*load)(const LoadRequest& request, const BackendLibraries& libraries,
                 const fs::path& file);
};

// A model of a derived class, as what it is to everybody else.
template <typename Derived>
Loaded Widened(Result<std::unique_ptr<Derived>> model) {
  if (!model) return tl::unexpected(std::move(model.error()));
  return std::unique_ptr<Model>(std::move(*model));
}

Loaded LoadOnnx(const LoadRequest& request, const BackendLibraries& libraries,
                const fs::path& file) {
  const Result<const OnnxRuntime*> runtime = OpenOnnxRuntime(libraries.onnxruntime);
  if (!runtime) return tl::unexpected(runtime.error());
  const OnnxModel::Options options = {request.flatten_maps};
  if (file.empty()) {
    return Widened(
        OnnxModel::FromBytes(**runtime, request.name, request.version, request.onnx, options));
  }
  return Widened(OnnxModel::FromFile(**runtime, request.name, request.version, file, options));
}

Loaded LoadPlugin(const LoadRequest& request, const BackendLibraries& /*libraries*/,
                  const fs::path& file) {
  return Widened(PluginModel::FromFile(request.name, request.version, file, request.parameters));
}

Loaded LoadXgboost(const LoadRequest& request, const BackendLibraries& libraries,
                   const fs::path& file) {
  const Result<const XgboostApi*> api = OpenXgboost(libraries.xgboost);
  if (!api) return tl::unexpected(api.error());
  return Widened(XgboostModel::FromFile(**api, request.name, request.version, file));
}

constexpr std::array<FileKind, 4> kFileKinds = {{
    {"model.onnx", "onnxruntime", &LoadOnnx},
    {"model.json", "xgboost", &LoadXgboost},
    {"model.ubj", "xgboost", &LoadXgboost},
    {"model.so", "plugin", &LoadPlugin},
}};

// "model.onnx, model.json, ..." of `backend`, of all where it is empty.
std::string FileNames(std::string_view backend) {
  std::string names;
  for (const FileKind& kind : kFileKinds) {
    if (!backend.empty() && kind.backend != backend) continue;
    names += names.empty() ? "" : ", ";
    names += kind.file;
  }
  return names;
}

bool IsFileBackend(std::string_view backend) {
  return std::any_of(kFileKinds.begin(), kFileKinds.end(),
                     [backend](const FileKind& kind) { return kind.backend == backend; });
}

// The one model file of the folder that is for the backend asked for.
Result<const FileKind*> FindFile(const LoadRequest& request) {
  const FileKind* found = nullptr;
  for (const FileKind& kind : kFileKinds) {
    std::error_code error;
    const fs::path file = request.folder / kind.file;
    const fs::file_status status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) continue;
    if (!fs::is_regular_file(status)) {
      return Fail(ErrorCode::kInvalidArgument,
                  file.string() + ": " + (error ? error.message() : "is not a file"));
    }
    if (found != nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  request.folder.string() + ": holds " + std::string(found->file) + " and " +
                      std::string(kind.file) + ", expected one model file");
    }
    found = &kind;
  }
  const bool is_wanted =
      found != nullptr && (request.backend.empty() || found->backend == request.backend);
  if (is_wanted) return found;
  const std::string why =
      found == nullptr ? "holds no model file" : "holds " + std::string(found->file);
  return Fail(found == nullptr ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
              request.folder.string() + ": " + why + ", expected " + FileNames(request.backend) +
                  (request.backend.empty() ? "" : " for the backend '" + request.backend + "'"));
}

Loaded LoadFile(const LoadRequest& request, const BackendLibraries& libraries) {
  const Result<const FileKind*> kind = FindFile(request);
  if (!kind) return tl::unexpected(kind.error());
  const fs::path file = request.folder / (*kind)->file;
  if ((*kind)->backend != "plugin") {
    const std::string whose = "the backend '" + std::string((*kind)->backend) + "'";
    if (Status status = CheckKeys(request.parameters, {}, whose); !status) {
      return tl::unexpected(std::move(status.error()));
    }
  }
  Loaded loaded = (*kind)->load(request, libraries, file);
  // A library that is not there is no fault of the file.
  if (!loaded && loaded.error().code != ErrorCode::kNotFound) {
    loaded.error().message = file.string() + ": " + loaded.error().message;
  }
  return loaded;
}

}  // namespace

Result<std::unique_ptr<Model>> LoadModelVersion(const LoadRequest& request,
                                                const BackendLibraries& libraries) {
  if (!request.onnx.empty()) return LoadOnnx(request, libraries, {});
  if (request.backend == "builtin") {
    return MakeBuiltin(request.name, request.version, request.parameters);
  }
  if (!request.backend.empty() && !IsFileBackend(request.backend)) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected the backend onnxruntime, xgboost, plugin or builtin, got '" +
                    request.backend + "'",
                "backend");
  }
  return LoadFile(request, libraries);
}

}  // namespace baton::models
