// A model that can be asked for predictions, whatever runs it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/models/tensor.h"

namespace baton::models {

struct ModelInfo {
  std::string name;
  std::string version;
  std::string platform;  // the protocol's platform text, such as "onnxruntime_onnx"
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  // By output, what the index of an element stands for: "benign". May be fewer than there are.
  std::map<std::string, std::vector<std::string>> labels = {};
};

// Threads: Predict from any number of workers at once.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;

  // Runs the model on `inputs`, in any order, and returns the outputs named in `wanted` in that
  // order (all of the model's, in its own order, when `wanted` is empty). They may not outlive the
  // model. A run that is under way when `stop` is asked for ends early where the model can. No
  // exception leaves it.
  // Errors: kInvalidArgument, naming the input, what was expected and what came, for a missing,
  // unknown or repeated input, a wrong datatype or shape, or an unknown output; kDeadlineExceeded
  // when it was stopped; kInternal when the run fails.
  virtual Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                              std::span<const std::string> wanted,
                                              const std::stop_token& stop) const = 0;
};

// Whether a tensor of `shape` is one of `expected`, in which -1 stands for any size.
bool Fits(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected);
// Checks `inputs` against what the model says of itself; the first thing Predict does, also
// callable by whoever wants the error before a run. Errors as above.
Status CheckInputs(const ModelInfo& info, std::span<const Tensor> inputs);
// The indexes of `wanted` in info.outputs; all of them when `wanted` is empty.
Result<std::vector<std::size_t>> FindOutputs(const ModelInfo& info,
                                             std::span<const std::string> wanted);

}  // namespace baton::models
