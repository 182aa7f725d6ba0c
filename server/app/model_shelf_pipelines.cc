// Pipelines are made anew whenever one of their steps has become another model.
#include <algorithm>
#include <set>
#include <utility>

#include "server/api/bad_input.h"
#include "server/app/model_shelf.h"
#include "server/models/pipeline.h"

namespace baton::app {
namespace {

// A pipeline has no version folders.
constexpr std::int64_t kVersion = 1;

using Served = std::shared_ptr<const api::ServedVersion>;

// Of a model, by number or label; the chosen one for an empty text. Null when it does not answer.
Served Find(const KeptModel& model, const std::string& version) {
  std::int64_t number = model.chosen;
  if (const auto label = model.labels.find(version); label != model.labels.end()) {
    number = label->second;
  } else if (!version.empty()) {
    number = 0;
    for (const auto& [other, kept] : model.versions) {
      if (std::to_string(other) == version) number = other;
    }
  }
  const auto found = model.versions.find(number);
  return found == model.versions.end() ? nullptr : found->second.served;
}

std::vector<std::uint64_t> Identities(const std::vector<Served>& steps) {
  std::vector<std::uint64_t> identities;
  identities.reserve(steps.size());
  for (const Served& step : steps) identities.push_back(step->identity);
  return identities;
}

std::vector<std::shared_ptr<const models::Model>> ModelsOf(const std::vector<Served>& steps) {
  std::vector<std::shared_ptr<const models::Model>> models;
  models.reserve(steps.size());
  for (const Served& step : steps) models.push_back(step->model);
  return models;
}

}  // namespace

// Of its own, or of those that are pipelines.
bool ModelShelf::IsStepOf(const std::string& name, const KeptModel& pipeline) const {
  std::set<std::string> seen;
  std::vector<const KeptModel*> to_look_at = {&pipeline};
  while (!to_look_at.empty()) {
    const KeptModel& model = *to_look_at.back();
    to_look_at.pop_back();
    if (!model.scanned.config.pipeline) continue;
    for (const models::PipelineStep& step : model.scanned.config.pipeline->steps) {
      if (step.model == name) return true;
      const auto next = models_.find(step.model);
      if (next != models_.end() && seen.insert(step.model).second) {
        to_look_at.push_back(&next->second);
      }
    }
  }
  return false;
}

Result<ModelShelf::Steps> ModelShelf::StepsOf(const KeptModel& pipeline) const {
  if (IsStepOf(pipeline.name, pipeline)) {
    return Fail(ErrorCode::kInvalidArgument,
                "pipeline.steps: lead back to " + api::Quoted(pipeline.name) + " itself");
  }
  Steps steps;
  for (const models::PipelineStep& step : pipeline.scanned.config.pipeline->steps) {
    const auto model = models_.find(step.model);
    const std::string place = "pipeline.steps[" + std::to_string(steps.size()) + "].model: ";
    if (model == models_.end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  place + "there is no model " + api::Quoted(step.model));
    }
    Served served = Find(model->second, step.version);
    if (!served) {
      return Fail(ErrorCode::kUnavailable,
                  place + "the model " + api::Quoted(step.model) +
                      (step.version.empty() ? "" : " version " + api::Quoted(step.version)) +
                      " is not ready");
    }
    steps.push_back(std::move(served));
  }
  return steps;
}

Status ModelShelf::Connect(KeptModel& pipeline) {
  const SteadyTime began = parts_.clock.Now();
  const models::Fingerprint fingerprint = pipeline.scanned.fingerprint;
  pipeline.canary.reset();  // what a model had that is a pipeline now
  pipeline.labels.clear();
  std::vector<std::int64_t> others;
  for (const auto& [number, version] : pipeline.versions) {
    if (number != kVersion) others.push_back(number);
  }
  for (const std::int64_t number : others) Withdraw(pipeline, number);
  const auto fail = [&](const Error& error) {
    return Failed(pipeline, kVersion, fingerprint, Placed(pipeline.scanned, error));
  };
  const auto steps = StepsOf(pipeline);
  if (!steps) {
    Withdraw(pipeline, kVersion);
    pipeline.steps.clear();
    pipeline.chosen = 0;
    return fail(steps.error());
  }
  KeptVersion& version = pipeline.versions[kVersion];
  std::vector<std::uint64_t> identities = Identities(*steps);
  if (version.served && identities == pipeline.steps && version.loaded == fingerprint) return {};
  pipeline.steps = std::move(identities);
  auto made = models::PipelineModel::Make(pipeline.name, std::to_string(kVersion),
                                          *pipeline.scanned.config.pipeline, ModelsOf(*steps));
  if (!made) return fail(made.error());
  auto ready = MakeReady(pipeline, std::move(*made));
  if (!ready) return fail(ready.error());
  TakeIn(pipeline, kVersion, std::move(*ready), fingerprint, parts_.clock.Now() - began);
  pipeline.chosen = kVersion;
  return {};
}

// What was tried with the same steps, and failed, is not tried again.
bool ModelShelf::ConnectPipelines() {
  bool has_changed = false;
  for (auto& [name, model] : models_) {
    if (!model.scanned.config.pipeline || model.is_unloaded) continue;
    const auto steps = StepsOf(model);
    const bool is_up_to_date = steps ? Identities(*steps) == model.steps : model.steps.empty();
    if (is_up_to_date) continue;
    const Status connected = Connect(model);
    model.reason = connected ? "" : connected.error().message;
    has_changed = true;
  }
  return has_changed;
}

}  // namespace baton::app
