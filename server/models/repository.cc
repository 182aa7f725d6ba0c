// Reads the folders of models and versions, with everything that is wrong in them.
#include "server/models/repository.h"

#include <algorithm>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "server/models/model_names.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using Problems = std::vector<Problem>;

constexpr std::size_t kMaxFiles = 10'000;

void Add(Problems& problems, ErrorCode code, const fs::path& path, std::string_view reason) {
  problems.push_back({code, path.string() + ": " + std::string(reason)});
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
      Add(problems, ErrorCode::kNotFound, path, "is a symbolic link that leads nowhere");
    } else if (status.type() == fs::file_type::none) {
      Add(problems, ErrorCode::kInvalidArgument, path, status_error.message());
    } else if (fs::is_directory(status)) {
      found.push_back(path);
    }
  }
  if (error) Add(problems, ErrorCode::kInvalidArgument, folder, error.message());
  std::sort(found.begin(), found.end());
  return found;
}

// FNV-1a.
class Digest {
 public:
  void Add(std::string_view bytes) {
    for (const char byte : bytes) Mix(static_cast<unsigned char>(byte));
    Mix(0);
  }
  void Add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) Mix((number >> shift) & 0xFF);
  }
  Fingerprint value() const { return value_; }

 private:
  void Mix(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }

  Fingerprint value_ = 0xcbf29ce484222325ULL;
};

void AddFile(Digest& digest, const fs::path& file, const std::string& name) {
  struct stat facts = {};
  digest.Add(name);
  if (::stat(file.c_str(), &facts) != 0) return digest.Add(std::uint64_t{0});
  digest.Add(static_cast<std::uint64_t>(facts.st_size));
  digest.Add(static_cast<std::uint64_t>(facts.st_ino));
  digest.Add(static_cast<std::uint64_t>(facts.st_mtim.tv_sec));
  digest.Add(static_cast<std::uint64_t>(facts.st_mtim.tv_nsec));
}

// Of everything that `Iterator` finds below `folder` but folders, by name. A link to a file is
// followed, one to a folder is not.
template <typename Iterator>
Result<Fingerprint> FingerprintOfFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (Iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code status_error;
    if (!entry->is_directory(status_error)) files.push_back(entry->path());
    if (files.size() <= kMaxFiles) continue;
    return Fail(ErrorCode::kInvalidArgument, folder.string() + ": has more than 10000 files");
  }
  if (error == std::errc::no_such_file_or_directory) {
    return Fail(ErrorCode::kNotFound, folder.string() + ": is not there");
  }
  if (error) return Fail(ErrorCode::kInvalidArgument, folder.string() + ": " + error.message());
  std::sort(files.begin(), files.end());
  Digest digest;
  for (const fs::path& file : files) AddFile(digest, file, file.lexically_relative(folder));
  return digest.value();
}

template <typename T>
void Take(Result<T> result, T& target, Problems& problems) {
  if (result) {
    target = *std::move(result);
  } else {
    problems.push_back({result.error().code, result.error().message});
  }
}

void ScanConfig(ScannedModel& model) {
  Take(FingerprintOfFiles<fs::directory_iterator>(model.folder), model.fingerprint, model.problems);
  Result<ModelConfig> config = ReadModelConfig(model.folder / kConfigFile);
  if (!config && config.error().code == ErrorCode::kNotFound) return;
  Take(std::move(config), model.config, model.problems);
}

void ScanVersion(const fs::path& folder, ScannedModel& model) {
  const auto number = ParseVersion(folder.filename().string());
  if (!number) {
    return Add(model.problems, ErrorCode::kInvalidArgument, folder,
               "is no version, expected a positive integer such as 1");
  }
  ScannedVersion version{*number, folder, 0};
  Take(FingerprintOf(folder), version.fingerprint, model.problems);
  model.versions.push_back(std::move(version));
}

ScannedModel ScanModel(const fs::path& folder) {
  ScannedModel model;
  model.name = folder.filename().string();
  model.folder = folder;
  if (!IsModelName(model.name)) {
    Add(model.problems, ErrorCode::kInvalidArgument, folder,
        "is no model name, expected at most 64 of A-Z a-z 0-9 . _ - and a letter or digit first");
  }
  ScanConfig(model);
  model.was_read = model.problems.empty();
  const std::vector<fs::path> folders = SubFolders(folder, model.problems);
  if (model.config.pipeline) {
    for (const fs::path& version : folders) {
      Add(model.problems, ErrorCode::kInvalidArgument, version,
          "is a version, and a pipeline has none");
    }
    return model;
  }
  if (folders.empty()) {
    Add(model.problems, ErrorCode::kNotFound, folder,
        "holds no version, expected <version>/model.onnx");
  }
  for (const fs::path& version : folders) ScanVersion(version, model);
  std::sort(model.versions.begin(), model.versions.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return model;
}

// False, with the problem, for what is no folder.
bool CheckFolder(const fs::path& directory, Problems& problems) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (fs::is_directory(status)) return true;
  if (status.type() == fs::file_type::not_found) {
    Add(problems, ErrorCode::kNotFound, directory, "the model folder is not there");
  } else {
    Add(problems, ErrorCode::kInvalidArgument, directory,
        error ? error.message() : "is not a folder");
  }
  return false;
}

const ScannedVersion* FindVersion(const ScannedModel& model, std::int64_t number) {
  const auto found =
      std::find_if(model.versions.begin(), model.versions.end(),
                   [number](const ScannedVersion& version) { return version.number == number; });
  return found == model.versions.end() ? nullptr : &*found;
}

}  // namespace

RepositoryScan Scan(const fs::path& directory) {
  RepositoryScan scan;
  std::error_code error;
  const fs::directory_iterator entries(directory, error);
  scan.was_read = CheckFolder(directory, scan.problems) && !error;
  if (!scan.was_read && !scan.problems.empty()) return scan;
  for (const fs::path& folder : SubFolders(directory, scan.problems)) {
    scan.models.push_back(ScanModel(folder));
  }
  if (scan.models.empty() && scan.problems.empty()) {
    Add(scan.problems, ErrorCode::kNotFound, directory,
        "holds no model, expected <name>/<version>/model.onnx");
  }
  return scan;
}

Result<Fingerprint> FingerprintOf(const fs::path& version_folder) {
  return FingerprintOfFiles<fs::recursive_directory_iterator>(version_folder);
}

const ScannedModel* FindModel(const RepositoryScan& scan, std::string_view name) {
  const auto found = std::find_if(scan.models.begin(), scan.models.end(),
                                  [name](const ScannedModel& model) { return model.name == name; });
  return found == scan.models.end() ? nullptr : &*found;
}

bool HasSettled(const RepositoryScan& previous, const RepositoryScan& now, std::string_view model,
                std::int64_t version) {
  const ScannedModel* const before = FindModel(previous, model);
  const ScannedModel* const after = FindModel(now, model);
  if (before == nullptr || after == nullptr) return false;
  const ScannedVersion* const version_before = FindVersion(*before, version);
  const ScannedVersion* const version_after = FindVersion(*after, version);
  return version_before != nullptr && version_after != nullptr &&
         version_before->fingerprint == version_after->fingerprint;
}

bool HasSettled(const RepositoryScan& previous, const RepositoryScan& now, std::string_view model) {
  const ScannedModel* const before = FindModel(previous, model);
  const ScannedModel* const after = FindModel(now, model);
  return before != nullptr && after != nullptr && before->fingerprint == after->fingerprint;
}

}  // namespace baton::models
