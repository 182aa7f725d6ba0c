// The way of one prediction through a worker, and what a model is warmed up with.
#include "server/api/model_handler.h"

#include <algorithm>
#include <utility>

#include "server/api/json.h"
#include "server/api/metadata.h"
#include "server/api/model_batch.h"
#include "server/api/tensor_json.h"
#include "server/models/batch.h"

namespace baton::api {
namespace {

using models::Tensor;

// The smallest request that the model takes: zeros, empty strings, one of what is open.
std::vector<Tensor> Zeros(const models::ModelInfo& model) {
  std::vector<Tensor> tensors;
  for (const models::TensorSpec& spec : model.inputs) {
    Tensor& tensor = tensors.emplace_back(Tensor{spec.name, spec.type, spec.shape, {}, {}});
    std::replace(tensor.shape.begin(), tensor.shape.end(), std::int64_t{-1}, std::int64_t{1});
    Allocate(tensor, models::ElementCount(tensor.shape).value_or(0));
  }
  return tensors;
}

tl::unexpected<Error> TooLate() {
  return Fail(ErrorCode::kDeadlineExceeded, "the budget ran out before the model could run");
}

}  // namespace

serve::Outcome ModelHandler::Handle(const serve::Call& call, serve::RunContext& context) const {
  Result<Job> job = Prepare(call, context);
  if (!job) return {{}, std::move(job.error())};
  return Run(*job, context.stop_token());
}

Result<ModelHandler::Job> ModelHandler::Prepare(const serve::Call& call,
                                                serve::RunContext& context) const {
  const auto model = ChooseModel(versions_, call.model_version);
  if (!model) return tl::unexpected(model.error());
  auto request = Decode(call.body, (*model)->info());
  if (!request) return tl::unexpected(std::move(request.error()));
  if (request->timeout && !context.ShortenBudget(*request->timeout)) return TooLate();
  if (Status status = CheckTime(context); !status) return tl::unexpected(status.error());
  return Job{*model, std::move(*request)};
}

Status ModelHandler::CheckTime(const serve::RunContext& context) {
  if (context.expired()) return TooLate();
  return {};
}

serve::Outcome ModelHandler::Run(const Job& job, const std::stop_token& stop) const {
  auto outputs = job.model->Predict(job.request.inputs, job.request.outputs, stop);
  if (!outputs) return {{}, std::move(outputs.error())};
  return Finish(job, *outputs);
}

serve::Outcome ModelHandler::Finish(const Job& job, std::span<const Tensor> outputs) const {
  auto outcome = Encode(job.model->info(), job.request, outputs);
  if (!outcome) return {{}, std::move(outcome.error())};
  return std::move(*outcome);
}

bool ModelHandler::CanBatch(const std::string& model_version) const {
  const auto model = ChooseModel(versions_, model_version);
  return model && models::HasBatchDimension((*model)->info());
}

void ModelHandler::HandleBatch(std::span<serve::BatchMember> members,
                               const std::stop_token& stop) const {
  ModelBatch(*this, stop).Run(members);
}

std::optional<serve::Call> ModelHandler::WarmUpCall() const {
  const auto text = EncodeRequest(Zeros(versions_.Latest().info()));
  if (!text) return std::nullopt;
  return serve::Call{PaddedCopy(*text), {}};
}

}  // namespace baton::api
