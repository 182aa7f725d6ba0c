// A model as the keeper has it: what was loaded of it, and what became of the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/api/catalogue.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/control/control_port.h"
#include "server/models/model_config.h"
#include "server/models/repository.h"
#include "server/serve/endpoint.h"
#include "server/serve/response_cache.h"

namespace baton::app {

// The states of a version, in their order. A replaced or withdrawn one lives on, without a state,
// until the last request has left it.
enum class VersionState {
  kLoading,   // being read and warmed up, for the first time or anew
  kReady,     // answers requests
  kFailed,    // was not loaded; `reason` says why
  kUnloaded,  // an operator wants it so, or the version policy
};
std::string_view ToText(VersionState state);  // "ready"

struct KeptVersion {
  VersionState state = VersionState::kLoading;
  std::string reason;  // of the last load, when it failed; also while an older one answers
  std::shared_ptr<const api::ServedVersion> served;  // absent: it does not answer
  models::Fingerprint loaded = 0;                    // what `served` was made of
  models::Fingerprint failed = 0;                    // what did not load
  Duration load_time = Duration::zero();
};

struct KeptModel {
  std::string name;
  const serve::Endpoint* endpoint = nullptr;
  models::ScannedModel scanned;              // what the folder says of it
  std::optional<std::string> settings_used;  // of config.yaml, that are in force
  // Of a pipeline: what it was last made of, or should have been, by ServedVersion::identity.
  std::vector<std::uint64_t> steps;
  bool is_unloaded = false;  // by an operator
  std::map<std::int64_t, KeptVersion> versions;
  std::string reason;  // why it could not be brought up to date, as a whole

  // The version policy's choices, as far as they are ready.
  std::int64_t chosen = 0;  // 0: none
  struct Canary {
    std::int64_t number = 0;
    models::CanaryConfig config;
  };
  std::optional<Canary> canary;
  std::map<std::string, std::int64_t, std::less<>> labels;

  // Canaries that were taken back, with what they were made of: such a version gets no share, and
  // does not come to answer requests without a version, until its files change.
  std::map<std::int64_t, models::Fingerprint> taken_back;
  std::shared_ptr<std::atomic<std::uint64_t>> arrivals =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  std::shared_ptr<serve::ResponseCache> cache;  // where config.yaml wants one

  bool AllAreReady(const std::vector<std::int64_t>& wanted) const;
  bool Answers(std::int64_t number) const;
  bool WasTakenBack(std::int64_t number) const;
};

// Of a version's files together with what config.yaml says of loading them: differs when it has to
// be loaded anew.
models::Fingerprint FingerprintOf(const models::ScannedModel& model,
                                  const models::ScannedVersion& version);

Error ToError(const models::Problem& problem);
// Says that `error` is about the model's config.yaml.
Error InConfig(const models::ScannedModel& model, const Error& error);
// The same of one that names no file of the model.
Error Placed(const models::ScannedModel& model, const Error& error);

// What requests and operators see of it.
api::CatalogueModel ToCatalogue(const KeptModel& model);
control::ModelState ToState(const KeptModel& model);

}  // namespace baton::app
