// What a pipeline does, checked whole: which tensor of which step goes where.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/model_config.h"

namespace baton::models {

// Tensors are known by one name in the whole of a pipeline. An input of a step is the tensor of its
// name, or of the name that the step's `inputs` give it; what a step makes gets its own name, or
// that of the step's `outputs`.
struct PipelinePlan {
  using Place = std::size_t;  // of a tensor, below `places`

  struct Step {
    std::shared_ptr<const Model> model;
    std::vector<Place> inputs;   // in the order of the model's
    std::vector<Place> outputs;  // so, too
    bool takes_request = false;  // all of the request's tensors, under their names, and no other
  };

  // Inputs in the order in which they are declared, else in which steps take them. Where several
  // steps take one, each dimension is what the strictest of them says.
  ModelInfo info;
  std::vector<Step> steps;
  std::vector<Place> inputs;   // in the order of info.inputs
  std::vector<Place> outputs;  // in the order of info.outputs
  std::size_t places = 0;
};

// `steps` are those of `config`, in its order.
// Requires: as many of them as in the config, at least one, none null.
// Errors: kInvalidArgument with everything that is wrong, a line each,
// "pipeline.steps[1].inputs.ids: what is expected, what there is"; the field is the path of the
// first.
Result<PipelinePlan> PlanPipeline(std::string name, std::string version,
                                  const PipelineConfig& config,
                                  std::vector<std::shared_ptr<const Model>> steps);

}  // namespace baton::models
