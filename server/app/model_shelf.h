// The models of a server: brought up to date with where they come from, published, taken back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "server/api/version_handlers.h"
#include "server/app/configured_endpoints.h"
#include "server/app/kept_model.h"
#include "server/app/model_metrics.h"
#include "server/app/request_desk.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/models/model_source.h"
#include "server/models/version_policy.h"
#include "server/serve/endpoints.h"

namespace baton::app {

// A version is published once it is warm, and withdrawn before it goes. What does not load leaves
// what answers in its place.
//
// Threads: one at a time; States from any.
class ModelShelf {
 public:
  // Everything outlives it.
  struct Parts {
    const Clock& clock;
    serve::Endpoints& endpoints;
    ServingState& serving;
    ConfiguredEndpoints& configured;
    const DeskParts& desk;
    const models::ModelSource& source;
    metrics::Registry& registry;
  };
  ModelShelf(const Parts& parts, api::HandlerOptions handlers);
  ~ModelShelf();

  // Makes what is scanned known, so that the settings of one may name another; nothing is loaded
  // yet. Errors: everything that is wrong with those that could not be read.
  Status Announce(const std::vector<models::ScannedModel>& scanned);

  // Loads and warms up what is new of a model, publishes it, and takes back what is not wanted any
  // more. Blocks. `retries`: also what failed before and has not changed since. An unloaded model
  // is loaded again only when asked to `retry`. Errors: everything that went wrong, a line each;
  // what could be loaded answers.
  Status Update(const models::ScannedModel& scanned, bool retries);

  // No version answers any more, and requests are refused as model_unavailable, until it is updated
  // with `retries`. Errors: kNotFound.
  Status Unload(const std::string& name);
  // It is not there any more: its name is unknown from now on.
  void Forget(const std::string& name);
  // The canary of the model loses its share of the requests, until its files change.
  void TakeBackCanary(const std::string& name, const std::string& reason);

  // Any thread. What warms up now ends soon, and nothing more is warmed up.
  void StopWarmUps() { stop_.request_stop(); }

  // Frees what was withdrawn and nobody uses any more; true when there is more to wait for.
  bool FreeWithdrawn();

  const std::map<std::string, KeptModel>& models() const { return models_; }
  std::vector<control::ModelState> States() const BATON_EXCLUDES(mutex_);

 private:
  Status Open(const models::ScannedModel& scanned);
  Status TakeSettings(KeptModel& model);
  Status LoadVersions(KeptModel& model, bool retries);
  Status LoadWanted(KeptModel& model, const models::ServedVersions& wanted, bool retries);
  Status LoadVersion(KeptModel& model, const models::ScannedVersion& scanned, bool retries);
  Result<std::shared_ptr<const api::ServedVersion>> MakeReady(
      const KeptModel& model, std::unique_ptr<models::Model> loaded) const;
  void TakeIn(KeptModel& model, std::int64_t number,
              std::shared_ptr<const api::ServedVersion> served, models::Fingerprint fingerprint,
              Duration took);
  Status Failed(KeptModel& model, std::int64_t number, models::Fingerprint fingerprint,
                const Error& error);

  // model_shelf_pipelines.cc: chains of the models above.
  using Steps = std::vector<std::shared_ptr<const api::ServedVersion>>;
  bool IsStepOf(const std::string& name, const KeptModel& pipeline) const;
  Result<Steps> StepsOf(const KeptModel& pipeline) const;
  Status Connect(KeptModel& pipeline);
  // Brings those up to date whose steps have changed; whether there were any.
  bool ConnectPipelines();
  void Choose(KeptModel& model, const models::ServedVersions& wanted) const;
  void Withdraw(KeptModel& model, std::int64_t number);
  void Publish();
  void Note();

  const Parts parts_;
  const api::HandlerOptions handlers_;
  ModelMetrics metrics_;
  std::map<std::string, KeptModel> models_;
  std::vector<std::shared_ptr<const api::ServedVersion>> withdrawn_;
  std::stop_source stop_;

  mutable Mutex mutex_;
  std::vector<control::ModelState> states_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::app
