// Where a server's models come from: the bundled ones inside the binary, or a folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/model_loader.h"
#include "server/models/repository.h"

namespace baton::models {

struct SourceOptions {
  std::filesystem::path directory;  // see Scan(); empty for the bundled models
  BackendLibraries libraries;
};

// Threads: any. Both block on the disk; not for a conductor.
class ModelSource {
 public:
  explicit ModelSource(SourceOptions options) : options_(std::move(options)) {}

  RepositoryScan Scan() const;
  // Loads one version as `model.config` says. Errors: as LoadModelVersion; besides kAborted when
  // the folder changed while it was read, and kInvalidArgument for a file that SHA256SUMS, where
  // there is one, does not allow.
  Result<std::unique_ptr<Model>> Load(const ScannedModel& model,
                                      const ScannedVersion& version) const;

  bool is_folder() const { return !options_.directory.empty(); }
  const std::filesystem::path& directory() const { return options_.directory; }

 private:
  const SourceOptions options_;
};

}  // namespace baton::models
