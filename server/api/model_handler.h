// What all formats of a prediction share: from a call to a model's run and back, alone or in a
// batch.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/repository.h"
#include "server/serve/handler.h"

namespace baton::api {

// A request in any of the formats, decoded.
struct ModelRequest {
  std::optional<std::string> id;    // to be echoed
  std::optional<Duration> timeout;  // a budget that the body asks for
  std::vector<models::Tensor> inputs;
  std::vector<std::string> outputs;  // the names asked for; empty for all
  std::size_t instances = 0;         // of formats that count them
};

// A handler chooses the version (the latest unless the call names one), decodes, applies the body's
// own budget, predicts and encodes. What is too late never reaches the model, and a run ends early
// when it is asked to stop. A batch puts requests for the same outputs together whose inputs differ
// in rows only; a member that fails as part of one, or whose outputs have no row for each row, runs
// alone.
class ModelHandler : public serve::Handler {
 public:
  // `versions` outlives the handler.
  explicit ModelHandler(const models::ModelVersions& versions) : versions_(versions) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const final;
  bool CanBatch(const std::string& model_version) const final;
  void HandleBatch(std::span<serve::BatchMember> members, const std::stop_token& stop) const final;
  std::optional<serve::Call> WarmUpCall() const final;

 protected:
  // The steps that make a format. They may throw nothing but what allocation does.
  virtual Result<ModelRequest> Decode(const std::string& body,
                                      const models::ModelInfo& model) const = 0;
  virtual Result<serve::Outcome> Encode(const models::ModelInfo& model, const ModelRequest& request,
                                        std::span<const models::Tensor> outputs) const = 0;
  // The reverse of Decode, for tensors that fit the model. Errors: they have no text in this
  // format.
  virtual Result<std::string> EncodeRequest(std::span<const models::Tensor> inputs) const = 0;

 private:
  friend class ModelBatch;
  struct Job {
    const models::Model* model = nullptr;
    ModelRequest request;
  };

  Result<Job> Prepare(const serve::Call& call, serve::RunContext& context) const;
  static Status CheckTime(const serve::RunContext& context);
  serve::Outcome Run(const Job& job, const std::stop_token& stop) const;
  serve::Outcome Finish(const Job& job, std::span<const models::Tensor> outputs) const;

  const models::ModelVersions& versions_;
};

}  // namespace baton::api
