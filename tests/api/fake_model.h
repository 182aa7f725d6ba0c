// A model whose answer a test chooses, and a run context that a test sets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/models/model.h"
#include "server/models/repository.h"
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

inline models::ModelVersions VersionsOf(std::string name,
                                        std::vector<std::shared_ptr<const models::Model>> models) {
  models::ModelVersions versions;
  versions.name = std::move(name);
  for (auto& model : models) versions.versions.push_back({std::move(model), Duration::zero()});
  return versions;
}

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

}  // namespace baton::api
