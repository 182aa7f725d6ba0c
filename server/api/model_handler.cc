// The way of one prediction through a worker, and what a model is warmed up with.
#include "server/api/model_handler.h"

#include <algorithm>
#include <utility>

#include "server/api/json.h"
#include "server/api/model_batch.h"
#include "server/api/tensor_json.h"
#include "server/models/batch.h"

namespace baton::api {
namespace {

using models::Tensor;

// More is not written down only to learn how long a run takes.
constexpr std::size_t kMostZeros = std::size_t{1} << 22U;

// The smallest request that the model takes: zeros, empty strings, one of what is open. None where
// that is large.
std::optional<std::vector<Tensor>> Zeros(const models::ModelInfo& model) {
  std::vector<Tensor> tensors;
  std::size_t elements = 0;
  for (const models::TensorSpec& spec : model.inputs) {
    Tensor& tensor = tensors.emplace_back(Tensor{spec.name, spec.type, spec.shape, {}, {}});
    std::replace(tensor.shape.begin(), tensor.shape.end(), std::int64_t{-1}, std::int64_t{1});
    const std::size_t count = models::ElementCount(tensor.shape).value_or(kMostZeros + 1);
    if (count > kMostZeros || (elements += count) > kMostZeros) return std::nullopt;
    Allocate(tensor, count);
  }
  return tensors;
}

const SystemClock kClock;

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
  const SteadyTime began = kClock.Now();
  auto request = Decode(call, info_);
  if (!request) return tl::unexpected(std::move(request.error()));
  if (request->timeout && !context.ShortenBudget(*request->timeout)) return TooLate();
  if (Status status = CheckTime(context); !status) return tl::unexpected(status.error());
  return Job{std::move(*request), kClock.Now() - began};
}

Status ModelHandler::CheckTime(const serve::RunContext& context) {
  if (context.expired()) return TooLate();
  return {};
}

serve::Outcome ModelHandler::Run(const Job& job, const std::stop_token& stop) const {
  const SteadyTime began = kClock.Now();
  auto outputs = model().Predict(job.request.inputs, job.request.outputs, stop);
  if (!outputs) return {{}, std::move(outputs.error())};
  const SteadyTime predicted = kClock.Now();
  serve::Outcome outcome = Finish(job, *outputs);
  CountRun(1, {job.decoding, predicted - began, kClock.Now() - predicted});
  return outcome;
}

void ModelHandler::CountRun(std::size_t size, const serve::RunTimes& times) const {
  if (handled_.books != nullptr) handled_.books->CountRun(size, times, kClock.Now());
}

serve::Outcome ModelHandler::Finish(const Job& job, std::span<const Tensor> outputs) const {
  auto outcome = Encode(info_, job.request, outputs);
  if (!outcome) return {{}, std::move(outcome.error())};
  return std::move(*outcome);
}

bool ModelHandler::CanBatch() const { return models::HasBatchDimension(info_); }

void ModelHandler::HandleBatch(std::span<serve::BatchMember> members,
                               const std::stop_token& stop) const {
  ModelBatch(*this, stop).Run(members);
}

std::optional<serve::Call> ModelHandler::WarmUpCall(std::size_t round) const {
  serve::Call call;
  if (!handled_.warm_up.empty()) {
    call.body = PaddedCopy(handled_.warm_up[round % handled_.warm_up.size()]);
    return call;
  }
  const auto zeros = Zeros(info_);
  if (!zeros) return std::nullopt;
  auto request = EncodeRequest(*zeros);
  if (!request) return std::nullopt;
  return std::move(*request);
}

}  // namespace baton::api
