// What there is in a model folder at a moment, and whether it has changed since another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/models/model_config.h"

namespace baton::models {

inline constexpr std::string_view kConfigFile = "config.yaml";

// Out of the names, sizes, modification times and inodes of files: differs when they do.
using Fingerprint = std::uint64_t;

struct Problem {
  ErrorCode code = ErrorCode::kInternal;
  std::string text;  // a line or several, each "path: what is wrong"
};

struct ScannedVersion {
  std::int64_t number = 0;
  std::filesystem::path folder;
  Fingerprint fingerprint = 0;  // of all files below the folder
};

struct ScannedModel {
  bool was_read = true;  // no: its name or its config.yaml is wrong, and nothing can be made of it
  std::string name;
  std::filesystem::path folder;
  ModelConfig config;           // the default one without config.yaml, and when that is wrong
  Fingerprint fingerprint = 0;  // of the files in the folder itself: config.yaml and what it names
  std::vector<ScannedVersion> versions;  // ascending by number; none of a pipeline
  std::vector<Problem> problems;         // in its names, its folders and its config.yaml
};

struct RepositoryScan {
  bool was_read = true;              // no: `models` says nothing of what is there
  std::vector<ScannedModel> models;  // by name
  std::vector<Problem> problems;     // of the folder as a whole
};

// Reads <name>/<version>/ and <name>/config.yaml. Versions are positive integers, names match
// [A-Za-z0-9][A-Za-z0-9._-]{0,63}; links are followed; what is hidden and files beside folders are
// left alone. Blocks on the disk; not for a conductor.
RepositoryScan Scan(const std::filesystem::path& directory);

// The fingerprint of a version folder now: what was loaded is whole when it is the same before and
// after.
// Errors: kNotFound for a folder that is not there, kInvalidArgument for one that cannot be read or
// has more than 10,000 files.
Result<Fingerprint> FingerprintOf(const std::filesystem::path& version_folder);

const ScannedModel* FindModel(const RepositoryScan& scan, std::string_view name);  // may be null

// Whether a version is the same in two scans in a row, so that nobody is copying it any more.
bool HasSettled(const RepositoryScan& previous, const RepositoryScan& now, std::string_view model,
                std::int64_t version);
// The same of the files in the model's own folder: config.yaml and what it names.
bool HasSettled(const RepositoryScan& previous, const RepositoryScan& now, std::string_view model);

}  // namespace baton::models
