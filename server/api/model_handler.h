// What all formats of a prediction share: from a call to a model's run and back, alone or in a
// batch.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/api/output_forms.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/serve/handler.h"
#include "server/serve/version_books.h"

namespace baton::api {

// A request in any of the formats, decoded.
struct ModelRequest {
  std::optional<std::string> id;    // to be echoed
  std::optional<Duration> timeout;  // a budget that the body asks for
  std::vector<models::Tensor> inputs;
  std::vector<std::string> outputs;  // the names asked for; empty for all
  OutputForms forms;
  std::size_t instances = 0;  // of formats that count them
};

// The model of a handler, and what goes with it.
struct HandledModel {
  std::shared_ptr<const models::Model> model;
  serve::VersionBooks* books = nullptr;  // absent, or outlives the handler
  // Bodies of infer requests to warm up with; zeros where there are none.
  std::vector<std::string> warm_up = {};
  // By output: names for its elements.
  std::map<std::string, std::vector<std::string>> labels = {};
};

// A handler decodes, applies the body's own budget, predicts and encodes. What is too late never
// reaches the model, and a run ends early when it is asked to stop. A batch puts requests for the
// same outputs together whose inputs differ in rows only; a member that fails as part of one, or
// whose outputs have no row for each row, runs alone.
class ModelHandler : public serve::Handler {
 public:
  explicit ModelHandler(HandledModel handled)
      : handled_(std::move(handled)), info_(handled_.model->info()) {
    if (!handled_.labels.empty()) info_.labels = handled_.labels;
  }

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const final;
  bool CanBatch() const final;
  void HandleBatch(std::span<serve::BatchMember> members, const std::stop_token& stop) const final;
  std::optional<serve::Call> WarmUpCall(std::size_t round) const final;

 protected:
  // The steps that make a format. They may throw nothing but what allocation does.
  // What Decode returns may read `call`'s body where it lies.
  virtual Result<ModelRequest> Decode(const serve::Call& call,
                                      const models::ModelInfo& model) const = 0;
  virtual Result<serve::Outcome> Encode(const models::ModelInfo& model, const ModelRequest& request,
                                        std::span<const models::Tensor> outputs) const = 0;
  // The reverse of Decode, for tensors that fit the model. Errors: they have no text in this
  // format.
  virtual Result<serve::Call> EncodeRequest(std::span<const models::Tensor> inputs) const = 0;

 private:
  friend class ModelBatch;
  struct Job {
    ModelRequest request;
    Duration decoding = Duration::zero();
  };

  Result<Job> Prepare(const serve::Call& call, serve::RunContext& context) const;
  static Status CheckTime(const serve::RunContext& context);
  serve::Outcome Run(const Job& job, const std::stop_token& stop) const;
  serve::Outcome Finish(const Job& job, std::span<const models::Tensor> outputs) const;

  const models::Model& model() const { return *handled_.model; }
  void CountRun(std::size_t size, const serve::RunTimes& times) const;

  const HandledModel handled_;
  models::ModelInfo info_;  // with the labels
};

}  // namespace baton::api
