// What an operator says of a model in its config.yaml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::models {

// One of the settings of an endpoint, as a text that reads as its kind and is within its range.
struct ConfiguredSetting {
  std::string key;  // "default_budget", "batch_max_size", "fallback": those of KEY=VALUE settings
  std::string value;
  int line = 0;
  int column = 0;
};

// Which of the version folders are served: all of them, unless one of the two is given.
struct VersionPolicy {
  std::size_t latest = 0;                                   // the newest so many; 0: not given
  std::vector<std::int64_t> specific;                       // these, ascending; empty: not given
  std::map<std::string, std::int64_t, std::less<>> labels;  // names for them in requests
};

// The newer version that gets a share of the requests while it is looked at.
struct CanaryConfig {
  std::string version;  // a number or a label; empty: the newest
  double share = 0;     // above 0, at most 1
  // Rolled back when its rate of misses or errors is worse by more than this.
  double margin = 0.02;
  std::uint64_t min_requests = 200;
  Duration window = 60s;
};

// The response cache; there is none by default.
struct CacheConfig {
  std::uint64_t max_bytes = std::uint64_t{64} << 20;
  Duration max_age = 10s;
};

struct PipelineStep {
  std::string model;
  std::string version;  // a number or a label; empty: the one that answers requests without
  std::map<std::string, std::string> inputs;   // of the step: the name of a tensor known so far
  std::map<std::string, std::string> outputs;  // of the step: the name it gets
};
struct PipelineConfig {
  std::vector<std::string> inputs;   // empty: what the steps need and none before them makes
  std::vector<PipelineStep> steps;   // one at least
  std::vector<std::string> outputs;  // empty: those of the last step
};

struct ModelConfig {
  std::string backend;  // "onnxruntime", "xgboost", "plugin" or "builtin"; empty: by the model file
  std::map<std::string, std::string> parameters;           // of the backend
  std::vector<ConfiguredSetting> settings;                 // in the order of the file
  std::vector<std::string> warm_up;                        // names of files beside config.yaml
  std::map<std::string, std::vector<std::string>> labels;  // by output
  VersionPolicy versions;
  std::optional<CanaryConfig> canary;
  std::optional<CacheConfig> cache;
  bool flattens_sequences = false;
  bool is_required = false;                // the server is not ready while it does not answer
  std::optional<PipelineConfig> pipeline;  // instead of versions
};

// Reads a whole file or nothing, with every problem in the error, each in a line:
// "file:line:column: key: what is wrong, what is allowed". An empty text is the default.
// Files that it names (samples, labels) are not looked at; labels in a file are left empty.
// Errors: kInvalidArgument.
Result<ModelConfig> ParseModelConfig(const std::string& text, std::string_view file_name);

// The same out of a file of at most 1 MiB, with the files that it names: samples must be there,
// labels are read.
// Errors: kNotFound when there is no such file, else kInvalidArgument.
Result<ModelConfig> ReadModelConfig(const std::filesystem::path& file);

}  // namespace baton::models
