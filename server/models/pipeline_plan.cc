// Follows the tensors from step to step, and gathers what does not fit.
#include "server/models/pipeline_plan.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "server/base/check.h"

namespace baton::models {
namespace {

using Place = PipelinePlan::Place;
using NameMap = std::map<std::string, std::string>;

constexpr std::string_view kPlatform = "baton_pipeline";

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string At(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string OneOf(const std::vector<std::string>& names) {
  if (names.empty()) return "there is none";
  std::string text = "expected ";
  if (names.size() > 1) text += "one of ";
  for (const std::string& name : names) {
    if (&name != &names.front()) text += ", ";
    text += Quoted(name);
  }
  return text;
}

std::string TypeText(const TensorSpec& spec) {
  return std::string(ToText(spec.type)) + " of shape " + ToText(spec.shape);
}

std::string Renamed(const NameMap& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

bool CanFit(const TensorSpec& made, const TensorSpec& taken) {
  return made.type == taken.type &&
         std::equal(made.shape.begin(), made.shape.end(), taken.shape.begin(), taken.shape.end(),
                    [](std::int64_t a, std::int64_t b) { return a == b || a == -1 || b == -1; });
}

class Planner {
 public:
  Planner(const PipelineConfig& config, std::vector<std::shared_ptr<const Model>> steps)
      : config_(config), models_(std::move(steps)) {
    BATON_CHECK(!models_.empty() && models_.size() == config_.steps.size());
  }

  Result<PipelinePlan> Make(std::string name, std::string version) {
    plan_.info.name = std::move(name);
    plan_.info.version = std::move(version);
    plan_.info.platform = kPlatform;
    DeclareInputs();
    for (std::size_t i = 0; i < models_.size(); ++i) AddStep(i);
    ChooseOutputs();
    CheckUse();
    if (!problems_.empty()) {
      return Fail(ErrorCode::kInvalidArgument, std::move(problems_), std::move(first_path_));
    }
    Describe();
    return std::move(plan_);
  }

 private:
  struct Known {
    TensorSpec spec;  // by the name that it has in the pipeline
    bool is_input = false;
    std::optional<std::size_t> step;  // that makes it, or takes it first
    std::size_t output = 0;           // of that step
    bool is_taken = false;
  };

  void Refuse(const std::string& path, const std::string& what) {
    if (problems_.empty()) first_path_ = path;
    problems_ += problems_.empty() ? "" : "\n";
    problems_ += path + ": " + what;
  }

  std::optional<Place> Find(std::string_view name) const {
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [name](const Known& each) { return each.spec.name == name; });
    if (found == known_.end()) return std::nullopt;
    return static_cast<Place>(found - known_.begin());
  }

  Place Add(TensorSpec spec, bool is_input) {
    known_.push_back({std::move(spec), is_input, std::nullopt, 0, false});
    if (is_input) plan_.inputs.push_back(known_.size() - 1);
    return known_.size() - 1;
  }

  // "steps[0] makes 'ids'".
  static std::string Origin(const Known& tensor) {
    const std::string name = Quoted(tensor.spec.name);
    if (!tensor.step) return "the pipeline's input is " + name;
    return At("steps", *tensor.step) + (tensor.is_input ? " takes " : " makes ") + name;
  }

  void DeclareInputs() {
    for (const std::string& name : config_.inputs) Add({name, DataType::kFp32, {}}, true);
  }

  void AddStep(std::size_t index) {
    const ModelInfo& model = models_[index]->info();
    const PipelineStep& step = config_.steps[index];
    const std::string path = "pipeline." + At("steps", index);
    CheckKeys(path + ".inputs.", "input", step.inputs, model, model.inputs);
    CheckKeys(path + ".outputs.", "output", step.outputs, model, model.outputs);
    plan_.steps.push_back({models_[index], {}, {}, false});
    for (const TensorSpec& input : model.inputs) TakeInput(index, input);
    // Once all inputs are known: a step takes none of its own outputs.
    for (const TensorSpec& output : model.outputs) AddOutput(index, output);
  }

  void CheckKeys(const std::string& path, std::string_view kind, const NameMap& given,
                 const ModelInfo& model, std::span<const TensorSpec> specs) {
    std::vector<std::string> names;
    for (const TensorSpec& spec : specs) names.push_back(spec.name);
    for (const auto& entry : given) {
      if (std::find(names.begin(), names.end(), entry.first) != names.end()) continue;
      Refuse(path + entry.first, "the model " + Quoted(model.name) + " has no such " +
                                     std::string(kind) + ", " + OneOf(names));
    }
  }

  void TakeInput(std::size_t index, const TensorSpec& input) {
    const std::string path = "pipeline." + At("steps", index) + ".inputs." + input.name;
    const std::string name = Renamed(config_.steps[index].inputs, input.name);
    std::optional<Place> place = Find(name);
    if (!place && !config_.inputs.empty()) {
      std::vector<std::string> names;
      for (const Known& each : known_) names.push_back(each.spec.name);
      Refuse(path, "no step before makes " + Quoted(name) +
                       " and it is no input of the pipeline, " + OneOf(names));
      return;
    }
    if (!place) place = Add({name, input.type, input.shape}, true);
    plan_.steps[index].inputs.push_back(*place);
    Known& tensor = known_[*place];
    tensor.is_taken = true;
    if (!tensor.step) {
      tensor.step = index;
      tensor.spec.type = input.type;
      tensor.spec.shape = input.shape;
    } else if (!CanFit(tensor.spec, input)) {
      Refuse(path, "expected " + TypeText(input) + ", got " + TypeText(tensor.spec) + ", as " +
                       Origin(tensor));
    } else if (tensor.is_input) {
      Narrow(tensor.spec.shape, input.shape);
    }
  }

  static void Narrow(Shape& shape, const Shape& other) {
    std::transform(shape.begin(), shape.end(), other.begin(), shape.begin(),
                   [](std::int64_t a, std::int64_t b) { return a == -1 ? b : a; });
  }

  void AddOutput(std::size_t index, const TensorSpec& output) {
    const std::string name = Renamed(config_.steps[index].outputs, output.name);
    if (const auto place = Find(name)) {
      Refuse("pipeline." + At("steps", index) + ".outputs." + output.name,
             "expected another name, as " + Origin(known_[*place]));
      return;
    }
    const Place place = Add({name, output.type, output.shape}, false);
    known_[place].step = index;
    known_[place].output = plan_.steps[index].outputs.size();
    plan_.steps[index].outputs.push_back(place);
  }

  void ChooseOutputs() {
    if (config_.outputs.empty()) plan_.outputs = plan_.steps.back().outputs;
    for (std::size_t i = 0; i < config_.outputs.size(); ++i) {
      const auto place = Find(config_.outputs[i]);
      if (place && !known_[*place].is_input) {
        plan_.outputs.push_back(*place);
        continue;
      }
      std::vector<std::string> made;
      for (const Known& each : known_) {
        if (!each.is_input) made.push_back(each.spec.name);
      }
      Refuse("pipeline." + At("outputs", i),
             "no step makes " + Quoted(config_.outputs[i]) + ", " + OneOf(made));
    }
    for (const Place place : plan_.outputs) known_[place].is_taken = true;
  }

  // What is declared and does nothing is a slip of the pen.
  void CheckUse() {
    for (std::size_t i = 0; i < config_.inputs.size(); ++i) {
      if (known_[i].is_taken) continue;
      Refuse("pipeline." + At("inputs", i), "no step takes " + Quoted(config_.inputs[i]));
    }
    for (std::size_t i = 0; i < models_.size(); ++i) CheckUseOf(i);
  }

  void CheckUseOf(std::size_t index) {
    const std::string path = "pipeline." + At("steps", index);
    const std::vector<Place>& made = plan_.steps[index].outputs;
    const ModelInfo& model = models_[index]->info();
    if (made.size() != model.outputs.size()) return;  // refused already
    if (std::none_of(made.begin(), made.end(),
                     [this](Place place) { return known_[place].is_taken; })) {
      Refuse(path, "nobody takes an output of this step");
      return;
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
      const bool is_named = config_.steps[index].outputs.contains(model.outputs[i].name);
      if (!is_named || known_[made[i]].is_taken) continue;
      Refuse(path + ".outputs." + model.outputs[i].name,
             "no later step takes " + Quoted(known_[made[i]].spec.name) +
                 " and it is no output of the pipeline");
    }
  }

  // Of a plan in which nothing is wrong.
  void Describe() {
    plan_.places = known_.size();
    for (const Place place : plan_.inputs) {
      plan_.info.inputs.push_back(known_[place].spec);
      plan_.info.inputs.back().dimension_names.clear();  // they mean something within one step
    }
    for (const Place place : plan_.outputs) {
      const Known& tensor = known_[place];
      plan_.info.outputs.push_back(tensor.spec);
      const ModelInfo& maker = models_[*tensor.step]->info();
      const auto labels = maker.labels.find(maker.outputs[tensor.output].name);
      if (labels != maker.labels.end()) plan_.info.labels[tensor.spec.name] = labels->second;
    }
    for (PipelinePlan::Step& step : plan_.steps) {
      const std::vector<TensorSpec>& inputs = step.model->info().inputs;
      step.takes_request =
          std::equal(step.inputs.begin(), step.inputs.end(), inputs.begin(), inputs.end(),
                     [this](Place place, const TensorSpec& input) {
                       return known_[place].is_input && known_[place].spec.name == input.name;
                     }) &&
          inputs.size() == plan_.inputs.size();
    }
  }

  const PipelineConfig& config_;
  const std::vector<std::shared_ptr<const Model>> models_;
  PipelinePlan plan_;
  std::vector<Known> known_;  // by place; declared inputs first
  std::string problems_;
  std::string first_path_;
};

}  // namespace

Result<PipelinePlan> PlanPipeline(std::string name, std::string version,
                                  const PipelineConfig& config,
                                  std::vector<std::shared_ptr<const Model>> steps) {
  return Planner(config, std::move(steps)).Make(std::move(name), std::move(version));
}

}  // namespace baton::models
