// A model whose answer a test chooses, and a run context that a test sets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/api/catalogue.h"
#include "server/api/model_directory.h"
#include "server/api/version_handlers.h"
#include "server/models/model.h"
#include "server/serve/handler.h"

namespace baton::api {

// The body as a connection hands it over: with spare capacity behind it.
inline std::string Padded(std::string_view text) {
  std::string body;
  body.reserve(text.size() + serve::kBodyPadding);
  body = text;
  return body;
}

class FakeModel final : public models::Model {
 public:
  using Answer = std::function<Result<std::vector<models::Tensor>>(
      std::span<const models::Tensor> inputs, std::span<const std::string> wanted)>;

  FakeModel(models::ModelInfo info, Answer answer)
      : info_(std::move(info)), answer_(std::move(answer)) {}

  const models::ModelInfo& info() const override { return info_; }

  Result<std::vector<models::Tensor>> Predict(std::span<const models::Tensor> inputs,
                                              std::span<const std::string> wanted,
                                              const std::stop_token& stop) const override {
    ++runs_;
    last_stop_ = stop;
    last_inputs_.assign(inputs.begin(), inputs.end());
    Status status = models::CheckInputs(info_, inputs);
    if (!status) return tl::unexpected(std::move(status.error()));
    return answer_(inputs, wanted);
  }

  int runs() const { return runs_; }
  const std::vector<models::Tensor>& last_inputs() const { return last_inputs_; }
  const std::stop_token& last_stop() const { return last_stop_; }  // what the last run was given

 private:
  models::ModelInfo info_;
  Answer answer_;
  mutable int runs_ = 0;
  mutable std::vector<models::Tensor> last_inputs_;
  mutable std::stop_token last_stop_;
};

class FakeContext final : public serve::RunContext {
 public:
  Deadline deadline() const override { return {}; }
  bool expired() const override { return is_expired; }
  std::stop_token stop_token() const override { return stop.get_token(); }
  bool ShortenBudget(Duration budget) override {
    shortened_to = budget;
    return !is_shorter_than_spent;
  }

  bool is_expired = false;
  std::stop_source stop;
  bool is_shorter_than_spent = false;
  std::optional<Duration> shortened_to;
};

// Answers every input as an output of the same name, type, shape and elements.
inline Result<std::vector<models::Tensor>> Echo(std::span<const models::Tensor> inputs,
                                                std::span<const std::string>) {
  return std::vector<models::Tensor>(inputs.begin(), inputs.end());
}

inline std::shared_ptr<FakeModel> EchoModel(std::vector<models::TensorSpec> specs,
                                            std::string version = "1") {
  return std::make_shared<FakeModel>(
      models::ModelInfo{"echo", std::move(version), "fake_platform", specs, specs}, Echo);
}

// Says what a test sets, of one model "m".
class FakeDirectory final : public ModelDirectory {
 public:
  FakeDirectory() { described.name = "m"; }

  bool IsReady() const override { return true; }
  Result<ModelDescription> Describe(std::string_view model, std::string_view) const override {
    if (fault) return tl::unexpected(*fault);
    if (model != described.name) return Fail(ErrorCode::kNotFound, "unknown model");
    return described;
  }
  std::vector<ModelIndexEntry> Index() const override { return index; }
  Result<std::vector<VersionStatistics>> Statistics(std::string_view model,
                                                    std::string_view version) const override {
    if (fault) return tl::unexpected(*fault);
    asked = std::string(model) + "/" + std::string(version);
    return statistics;
  }
  bool AllowsChanges() const override { return allows_changes; }
  void Change(const RepositoryChange& change, RepositoryChanged done) const override {
    changes.push_back(change);
    done({});
  }

  ModelDescription described;
  std::optional<Error> fault;
  std::vector<ModelIndexEntry> index;
  std::vector<VersionStatistics> statistics;
  bool allows_changes = false;
  mutable std::string asked;
  mutable std::vector<RepositoryChange> changes;
};

// A model of a catalogue with versions of these numbers, ascending; the last one is chosen.
inline CatalogueModel ModelOfVersions(const std::string& name,
                                      const std::vector<std::shared_ptr<FakeModel>>& models,
                                      const serve::Endpoint* endpoint = nullptr) {
  CatalogueModel made;
  made.name = name;
  made.endpoint = endpoint;
  for (const auto& model : models) made.versions.push_back(MakeServedVersion(model, {}, {}));
  if (!models.empty()) made.chosen = models.back()->info().version;
  return made;
}

inline Catalogue CatalogueOf(CatalogueModel model) {
  std::map<std::string, CatalogueModel, std::less<>> models;
  models.emplace(model.name, std::move(model));
  return Catalogue(std::move(models));
}

}  // namespace baton::api
