// Runs the steps that are needed, and hands tensors on without copying their bytes.
#include "server/models/pipeline.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace baton::models {
namespace {

tl::unexpected<Error> Stopped() {
  return Fail(ErrorCode::kDeadlineExceeded, "the run was stopped: nobody waits for its answer");
}

// For as long as `tensor` stays where it is.
Tensor Lent(const Tensor& tensor, const std::string& name) {
  const std::size_t alignment = std::max<std::size_t>(1, ElementSize(tensor.type));
  return {name, tensor.type, tensor.shape,
          TensorBytes::Borrow({tensor.raw.data(), tensor.raw.size()}, alignment), tensor.strings};
}

}  // namespace

// What there is during one Predict, by place.
class PipelineModel::Tensors {
 public:
  Tensors(const PipelinePlan& plan, std::span<const Tensor> request)
      : request_(request), given_(plan.places), made_(plan.places) {
    for (std::size_t i = 0; i < plan.inputs.size(); ++i) {
      given_[plan.inputs[i]] = &*std::find_if(
          request.begin(), request.end(),
          [&](const Tensor& tensor) { return tensor.name == plan.info.inputs[i].name; });
    }
  }

  std::span<const Tensor> request() const { return request_; }
  Tensor Take(Place place, const std::string& name, bool is_last) {
    if (given_[place] != nullptr) return Lent(*given_[place], name);
    if (!is_last) return Lent(made_[place], name);
    Tensor taken = std::move(made_[place]);
    taken.name = name;
    return taken;
  }
  void Put(Place place, Tensor tensor) { made_[place] = std::move(tensor); }

 private:
  const std::span<const Tensor> request_;
  std::vector<const Tensor*> given_;  // null where it is no input
  std::vector<Tensor> made_;
};

PipelineModel::PipelineModel(PipelinePlan plan)
    : plan_(std::move(plan)), runs_for_all_(RunsFor(*FindOutputs(plan_.info, {}))) {}

Result<std::unique_ptr<PipelineModel>> PipelineModel::Make(
    std::string name, std::string version, const PipelineConfig& config,
    std::vector<std::shared_ptr<const Model>> steps) {
  auto plan = PlanPipeline(std::move(name), std::move(version), config, std::move(steps));
  if (!plan) return tl::unexpected(std::move(plan.error()));
  return std::unique_ptr<PipelineModel>(new PipelineModel(*std::move(plan)));
}

// From the last step to the first, so that what later steps take is known.
std::vector<PipelineModel::Run> PipelineModel::RunsFor(std::span<const std::size_t> outputs) const {
  std::vector<bool> is_wanted(plan_.places, false);
  for (const std::size_t output : outputs) is_wanted[plan_.outputs[output]] = true;
  std::vector<Run> runs;
  for (std::size_t i = plan_.steps.size(); i-- > 0;) {
    const PipelinePlan::Step& step = plan_.steps[i];
    Run run;
    run.step = i;
    for (std::size_t j = 0; j < step.outputs.size(); ++j) {
      if (!is_wanted[step.outputs[j]]) continue;
      run.wanted.push_back(step.model->info().outputs[j].name);
      run.made.push_back(step.outputs[j]);
    }
    if (run.made.empty()) continue;
    run.is_last.resize(step.inputs.size());
    for (std::size_t j = step.inputs.size(); j-- > 0;) {
      run.is_last[j] = !is_wanted[step.inputs[j]];
      is_wanted[step.inputs[j]] = true;
    }
    runs.push_back(std::move(run));
  }
  std::reverse(runs.begin(), runs.end());
  return runs;
}

Status PipelineModel::RunStep(const Run& run, Tensors& tensors, const std::stop_token& stop) const {
  const PipelinePlan::Step& step = plan_.steps[run.step];
  const ModelInfo& model = step.model->info();
  std::vector<Tensor> taken;
  if (!step.takes_request) {
    taken.reserve(step.inputs.size());
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      taken.push_back(tensors.Take(step.inputs[i], model.inputs[i].name, run.is_last[i]));
    }
  }
  auto made = step.model->Predict(step.takes_request ? tensors.request() : std::span(taken),
                                  run.wanted, stop);
  if (made && made->size() != run.made.size()) {
    made = Fail(ErrorCode::kInternal, "expected " + std::to_string(run.made.size()) +
                                          " outputs, got " + std::to_string(made->size()));
  }
  if (!made) {
    return Fail(made.error().code, "steps[" + std::to_string(run.step) + "], the model '" +
                                       model.name + "': " + made.error().message);
  }
  for (std::size_t i = 0; i < run.made.size(); ++i) {
    tensors.Put(run.made[i], std::move((*made)[i]));
  }
  return {};
}

Result<std::vector<Tensor>> PipelineModel::Predict(std::span<const Tensor> inputs,
                                                   std::span<const std::string> wanted,
                                                   const std::stop_token& stop) const {
  if (Status status = CheckInputs(plan_.info, inputs); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  const Result<std::vector<std::size_t>> outputs = FindOutputs(plan_.info, wanted);
  if (!outputs) return tl::unexpected(outputs.error());
  std::vector<Run> some;
  if (!wanted.empty()) some = RunsFor(*outputs);

  Tensors tensors(plan_, inputs);
  for (const Run& run : wanted.empty() ? runs_for_all_ : some) {
    if (stop.stop_requested()) return Stopped();
    if (Status status = RunStep(run, tensors, stop); !status) {
      return tl::unexpected(std::move(status.error()));
    }
  }
  std::vector<Tensor> results;
  results.reserve(outputs->size());
  for (const std::size_t output : *outputs) {
    results.push_back(tensors.Take(plan_.outputs[output], plan_.info.outputs[output].name, true));
  }
  return results;
}

}  // namespace baton::models
