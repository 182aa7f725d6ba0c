// Loads the bundled models, or a folder of them with everything that is wrong in it said at once.
#include "server/models/repository.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "server/models/bundled.h"
#include "server/models/onnxruntime/library.h"
#include "server/models/onnxruntime/onnx_model.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModelFile = "model.onnx";
constexpr std::string_view kBundledVersion = "1";
constexpr std::size_t kMaxNameBytes = 64;

// What is wrong, gathered so that an operator mends a folder in one go.
class Problems {
 public:
  void Add(ErrorCode code, const fs::path& path, std::string_view reason) {
    if (code != ErrorCode::kNotFound) all_are_missing_ = false;
    if (!text_.empty()) text_ += '\n';
    text_ += path.string() + ": " + std::string(reason);
  }
  bool empty() const { return text_.empty(); }
  tl::unexpected<Error> ToError() const {
    return Fail(all_are_missing_ ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument, text_);
  }

 private:
  std::string text_;
  bool all_are_missing_ = true;
};

bool IsAsciiAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool IsModelName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || !IsAsciiAlnum(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAsciiAlnum(c) || c == '.' || c == '_' || c == '-'; });
}

// Without leading zeros, so that no two folders are the same version.
std::optional<std::int64_t> ParseVersion(std::string_view text) {
  std::int64_t version = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, version);
  if (error != std::errc() || stop != end || version <= 0 || text.front() == '0') {
    return std::nullopt;
  }
  return version;
}

// The folders in `folder`, by name. Files and what is hidden are no concern of ours; a link that
// leads nowhere is, because a folder was meant.
std::vector<fs::path> SubFolders(const fs::path& folder, Problems& problems) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path path = entry->path();
    if (path.filename().string().front() == '.') continue;
    std::error_code status_error;
    const fs::file_status status = fs::status(path, status_error);
    if (status.type() == fs::file_type::not_found) {
      problems.Add(ErrorCode::kNotFound, path, "is a symbolic link that leads nowhere");
    } else if (status.type() == fs::file_type::none) {
      problems.Add(ErrorCode::kInvalidArgument, path, status_error.message());
    } else if (fs::is_directory(status)) {
      found.push_back(path);
    }
  }
  if (error) problems.Add(ErrorCode::kInvalidArgument, folder, error.message());
  std::sort(found.begin(), found.end());
  return found;
}

template <typename Load>
Result<LoadedModel> Timed(Load load) {
  const SystemClock clock;
  const SteadyTime start = clock.Now();
  Result<std::unique_ptr<OnnxModel>> model = load();
  if (!model) return tl::unexpected(model.error());
  return LoadedModel{std::move(*model), clock.Now() - start};
}

std::optional<LoadedModel> LoadVersion(const OnnxRuntime& runtime, const std::string& name,
                                       const fs::path& folder, Problems& problems) {
  const fs::path file = folder / kModelFile;
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    problems.Add(ErrorCode::kNotFound, file, "is not there");
    return std::nullopt;
  }
  if (!fs::is_regular_file(status)) {
    const std::string reason = error ? error.message() : "is not a file";
    problems.Add(ErrorCode::kInvalidArgument, file, reason);
    return std::nullopt;
  }
  Result<LoadedModel> loaded =
      Timed([&] { return OnnxModel::FromFile(runtime, name, folder.filename().string(), file); });
  if (!loaded) {
    problems.Add(ErrorCode::kInvalidArgument, file, loaded.error().message);
    return std::nullopt;
  }
  return std::move(*loaded);
}

ModelVersions LoadModel(const OnnxRuntime& runtime, const fs::path& folder, Problems& problems) {
  ModelVersions model{folder.filename().string(), {}};
  if (!IsModelName(model.name)) {
    problems.Add(
        ErrorCode::kInvalidArgument, folder,
        "is no model name, expected at most 64 of A-Z a-z 0-9 . _ - and a letter or digit first");
  }
  const std::vector<fs::path> folders = SubFolders(folder, problems);
  if (folders.empty()) {
    problems.Add(ErrorCode::kNotFound, folder, "holds no version, expected <version>/model.onnx");
  }
  std::vector<std::pair<std::int64_t, LoadedModel>> versions;
  for (const fs::path& version_folder : folders) {
    const auto number = ParseVersion(version_folder.filename().string());
    if (!number) {
      problems.Add(ErrorCode::kInvalidArgument, version_folder,
                   "is no version, expected a positive integer such as 1");
      continue;
    }
    auto loaded = LoadVersion(runtime, model.name, version_folder, problems);
    if (loaded) versions.emplace_back(*number, std::move(*loaded));
  }
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& version : versions) model.versions.push_back(std::move(version.second));
  return model;
}

Result<ModelSet> LoadFolder(const OnnxRuntime& runtime, const fs::path& directory) {
  Problems problems;
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) {
    problems.Add(ErrorCode::kNotFound, directory, "the model folder is not there");
    return problems.ToError();
  }
  if (!fs::is_directory(status)) {
    const std::string reason = error ? error.message() : "is not a folder";
    problems.Add(ErrorCode::kInvalidArgument, directory, reason);
    return problems.ToError();
  }
  ModelSet models;
  for (const fs::path& folder : SubFolders(directory, problems)) {
    ModelVersions model = LoadModel(runtime, folder, problems);
    models.emplace(model.name, std::move(model));
  }
  if (models.empty() && problems.empty()) {
    problems.Add(ErrorCode::kNotFound, directory,
                 "holds no model, expected <name>/<version>/model.onnx");
  }
  if (!problems.empty()) return problems.ToError();
  return models;
}

Result<ModelSet> LoadBundled(const OnnxRuntime& runtime) {
  ModelSet models;
  for (const BundledModel& bundled : BundledModels()) {
    const std::string name(bundled.name);
    Result<LoadedModel> loaded = Timed([&] {
      return OnnxModel::FromBytes(runtime, name, std::string(kBundledVersion), bundled.onnx);
    });
    if (!loaded) {
      return Fail(ErrorCode::kInternal,
                  "the bundled model " + name + " does not load: " + loaded.error().message);
    }
    ModelVersions model{name, {}};
    model.versions.push_back(std::move(*loaded));
    models.emplace(name, std::move(model));
  }
  return models;
}

}  // namespace

const Model* ModelVersions::Find(const std::string& version) const {
  const auto found = std::find_if(
      versions.begin(), versions.end(),
      [&version](const LoadedModel& loaded) { return loaded.model->info().version == version; });
  return found == versions.end() ? nullptr : found->model.get();
}

Result<ModelSet> LoadModels(const RepositoryOptions& options) {
  Result<const OnnxRuntime*> runtime = OpenOnnxRuntime(options.onnxruntime_library);
  if (!runtime) return tl::unexpected(runtime.error());
  if (options.directory.empty()) return LoadBundled(**runtime);
  return LoadFolder(**runtime, options.directory);
}

}  // namespace baton::models
