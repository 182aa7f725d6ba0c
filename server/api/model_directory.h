// What the data plane says about its models and may do to them, apart from predictions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::api {

// What is really there of the protocol's extensions, by their names.
inline constexpr std::array<std::string_view, 7> kExtensions = {
    "binary_tensor_data", "classification",  "model_configuration", "model_repository",
    "parameters",         "schedule_policy", "statistics"};

struct ModelDescription {
  std::string name;
  std::vector<std::string> versions;  // that answer
  std::string version;                // the one that is described
  std::string platform;
  std::vector<models::TensorSpec> inputs;
  std::vector<models::TensorSpec> outputs;
  std::map<std::string, std::string> properties;

  // How it is run.
  bool has_batch_dimension = false;
  int max_batch_size = 0;  // of requests that run as one; 1: each alone
  Duration batch_delay = Duration::zero();
  std::map<std::string, std::string> settings;  // of its endpoint
};

struct ModelIndexEntry {
  std::string name;
  std::string version;
  std::string state;   // the protocol's: READY, LOADING, UNAVAILABLE
  std::string reason;  // empty, or why
};

// How often, and how long in all.
struct CountedTime {
  std::uint64_t count = 0;
  Duration time = Duration::zero();
};

struct VersionStatistics {
  std::string name;
  std::string version;
  std::uint64_t last_inference_unix_ms = 0;
  std::uint64_t inferences = 0;
  std::uint64_t executions = 0;
  CountedTime success;
  CountedTime fail;
  CountedTime queue;
  CountedTime compute_input;
  CountedTime compute_infer;
  CountedTime compute_output;
  CountedTime cache_hit;
  CountedTime cache_miss;
  struct BatchSize {
    std::uint64_t size = 0;
    CountedTime compute_infer;
  };
  std::vector<BatchSize> batches;
};

// What a client of the repository extension wants of a model.
struct RepositoryChange {
  enum class Kind { kLoad, kUnload };
  Kind kind = Kind::kLoad;
  std::string model;
};
using RepositoryChanged = std::function<void(Status)>;

inline constexpr std::string_view kChangesAreOff =
    "models are loaded and unloaded through the admin plane, or by a server that was started with "
    "--allow-model-control";

// Errors: kNotFound for an unknown model or version, kUnavailable for one that is known and does
// not answer. An empty version is the one chosen for requests without one.
//
// Threads: any; nothing blocks.
class ModelDirectory {
 public:
  virtual ~ModelDirectory() = default;

  virtual bool IsReady() const = 0;
  virtual Result<ModelDescription> Describe(std::string_view model,
                                            std::string_view version) const = 0;
  virtual std::vector<ModelIndexEntry> Index() const = 0;
  // All versions for an empty one, all models for an empty name.
  virtual Result<std::vector<VersionStatistics>> Statistics(std::string_view model,
                                                            std::string_view version) const = 0;

  // Whether Change may be called.
  virtual bool AllowsChanges() const = 0;
  // Returns at once; `done` is called once, from any thread, when it is done. Errors: kNotFound,
  // kInvalidArgument for a model that does not load, kUnavailable while the server starts or stops.
  virtual void Change(const RepositoryChange& change, RepositoryChanged done) const = 0;
};

}  // namespace baton::api
