// Checks of a request's tensors against what a model says of itself.
#include "server/models/model.h"

#include <algorithm>
#include <numeric>

namespace baton::models {
namespace {

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string Names(std::span<const TensorSpec> specs) {
  std::string text;
  for (const TensorSpec& spec : specs) {
    if (!text.empty()) text += ", ";
    text += Quoted(spec.name);
  }
  return text;
}

const TensorSpec* FindSpec(std::span<const TensorSpec> specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

tl::unexpected<Error> BadInput(const Tensor& input, std::size_t index, std::string_view part,
                               const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, "input " + Quoted(input.name) + ": " + what,
              "inputs[" + std::to_string(index) + "]." + std::string(part));
}

tl::unexpected<Error> BadOutput(const std::string& name, std::size_t index,
                                const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, "output " + Quoted(name) + ": " + what,
              "outputs[" + std::to_string(index) + "].name");
}

// The data must fill the shape exactly: whoever runs the model reads that many elements.
Status CheckData(const Tensor& input, std::size_t index) {
  const std::optional<std::size_t> expected = ElementCount(input.shape);
  if (!expected) {
    return BadInput(input, index, "shape",
                    "shape " + ToText(input.shape) + " holds more elements than a tensor may have");
  }
  const std::size_t element_bytes = ElementSize(input.type);
  const bool is_text = element_bytes == 0;
  const std::size_t got = is_text ? input.strings.size() : input.raw.size();
  const std::size_t wanted = is_text ? *expected : *expected * element_bytes;
  if (got == wanted) return {};
  const std::string unit = is_text ? " elements" : " bytes";
  return BadInput(input, index, "data",
                  "shape " + ToText(input.shape) + " of " + std::string(ToText(input.type)) +
                      " needs " + std::to_string(wanted) + unit + ", got " + std::to_string(got));
}

Status CheckInput(const ModelInfo& info, std::span<const Tensor> inputs, std::size_t index) {
  const Tensor& input = inputs[index];
  const TensorSpec* spec = FindSpec(info.inputs, input.name);
  if (spec == nullptr) {
    return BadInput(input, index, "name",
                    "the model " + Quoted(info.name) + " has no such input, expected one of " +
                        Names(info.inputs));
  }
  const auto earlier = inputs.first(index);
  if (std::any_of(earlier.begin(), earlier.end(),
                  [&input](const Tensor& other) { return other.name == input.name; })) {
    return BadInput(input, index, "name", "given more than once, expected once");
  }
  if (input.type != spec->type) {
    return BadInput(input, index, "datatype",
                    "expected datatype " + std::string(ToText(spec->type)) + ", got " +
                        std::string(ToText(input.type)));
  }
  if (!Fits(input.shape, spec->shape)) {
    return BadInput(input, index, "shape",
                    "expected shape " + ToText(spec->shape) + ", got " + ToText(input.shape));
  }
  return CheckData(input, index);
}

}  // namespace

bool Fits(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected) {
  return std::equal(shape.begin(), shape.end(), expected.begin(), expected.end(),
                    [](std::int64_t size, std::int64_t wanted) {
                      return size >= 0 && (wanted == -1 || size == wanted);
                    });
}

Status CheckInputs(const ModelInfo& info, std::span<const Tensor> inputs) {
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    if (Status status = CheckInput(info, inputs, index); !status) return status;
  }
  if (inputs.size() == info.inputs.size()) return {};

  // Every given one is known and given once, so fewer means that some are missing.
  for (const TensorSpec& spec : info.inputs) {
    if (std::none_of(inputs.begin(), inputs.end(),
                     [&spec](const Tensor& input) { return input.name == spec.name; })) {
      return Fail(ErrorCode::kInvalidArgument,
                  "input " + Quoted(spec.name) + " is missing, expected " +
                      std::string(ToText(spec.type)) + " of shape " + ToText(spec.shape),
                  "inputs");
    }
  }
  return {};
}

Result<std::vector<std::size_t>> FindOutputs(const ModelInfo& info,
                                             std::span<const std::string> wanted) {
  std::vector<std::size_t> found;
  if (wanted.empty()) {
    found.resize(info.outputs.size());
    std::iota(found.begin(), found.end(), std::size_t{0});
    return found;
  }
  found.reserve(wanted.size());
  for (const std::string& name : wanted) {
    const TensorSpec* spec = FindSpec(info.outputs, name);
    if (spec == nullptr) {
      return BadOutput(name, found.size(),
                       "the model " + Quoted(info.name) + " has no such output, expected one of " +
                           Names(info.outputs));
    }
    const auto index = static_cast<std::size_t>(spec - info.outputs.data());
    if (std::find(found.begin(), found.end(), index) != found.end()) {
      return BadOutput(name, found.size(), "asked for more than once, expected once");
    }
    found.push_back(index);
  }
  return found;
}

}  // namespace baton::models
