// An endpoint that is a chain of models: the outputs of one are the inputs of the next, by name.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/model_config.h"
#include "server/models/pipeline_plan.h"

namespace baton::models {

// Steps run one after the other on the thread that predicts; one of whose outputs nobody wants any
// does not run. Its budget is that of the whole: a run also stops between two steps.
//
// Threads: any, at once.
// Cost: bytes are lent to a step or moved into it, never copied. Texts are copied where the request
// or a later step has them, too.
class PipelineModel final : public Model {
 public:
  // As PlanPipeline. The models are kept while this lives.
  static Result<std::unique_ptr<PipelineModel>> Make(
      std::string name, std::string version, const PipelineConfig& config,
      std::vector<std::shared_ptr<const Model>> steps);

  const ModelInfo& info() const override { return plan_.info; }

  // The error of a step has no field, and names it: "steps[1], the model 'm': ...".
  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& stop) const override;

 private:
  using Place = PipelinePlan::Place;

  // A step, and what of it is wanted.
  struct Run {
    std::size_t step = 0;
    std::vector<std::string> wanted;  // as its model calls them
    std::vector<Place> made;          // where they go
    std::vector<bool> is_last;        // by input: nobody takes it afterwards
  };
  class Tensors;

  explicit PipelineModel(PipelinePlan plan);

  // For the outputs at these indexes, in the order of the steps.
  std::vector<Run> RunsFor(std::span<const std::size_t> outputs) const;
  Status RunStep(const Run& run, Tensors& tensors, const std::stop_token& stop) const;

  const PipelinePlan plan_;
  const std::vector<Run> runs_for_all_;
};

}  // namespace baton::models
