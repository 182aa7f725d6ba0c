// Specs of the C interface as specs of ours; the datatypes have the same order on both sides.
#include "server/models/plugin/description.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace baton::models {
namespace {

static_assert(static_cast<int>(DataType::kBool) == BATON_BOOL);
static_assert(static_cast<int>(DataType::kInt64) == BATON_INT64);
static_assert(static_cast<int>(DataType::kFp16) == BATON_FP16);
static_assert(static_cast<int>(DataType::kBytes) == BATON_BYTES);
static_assert(static_cast<int>(DataType::kBf16) == BATON_BF16);

tl::unexpected<Error> Nonsense(const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, "its description makes no sense: " + what);
}

Status AddSpec(std::string_view kind, const baton_spec& spec, std::vector<TensorSpec>& specs) {
  const std::string place = std::string(kind) + " " + std::to_string(specs.size());
  if (spec.name == nullptr || *spec.name == '\0') return Nonsense(place + " has no name");
  const std::string name = spec.name;
  const std::string subject = std::string(kind) + " '" + name + "' ";
  if (std::any_of(specs.begin(), specs.end(),
                  [&name](const TensorSpec& other) { return other.name == name; })) {
    return Nonsense(subject + "is there twice");
  }
  const auto type = DataTypeOfPlugin(spec.datatype);
  if (!type) return Nonsense(subject + "has the datatype " + std::to_string(spec.datatype));
  if (spec.rank > kMaxPluginRank || (spec.rank > 0 && spec.shape == nullptr)) {
    return Nonsense(subject + "has " + std::to_string(spec.rank) + " dimensions" +
                    (spec.shape == nullptr ? " and no shape" : ", expected at most 64"));
  }
  Shape shape(spec.shape, spec.shape + spec.rank);
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < -1; })) {
    return Nonsense(subject + "has the shape " + ToText(shape));
  }
  specs.push_back({name, *type, std::move(shape)});
  return {};
}

Status AddSpecs(std::string_view kind, const baton_spec* from, std::size_t count,
                std::vector<TensorSpec>& specs) {
  if (count > kMaxPluginTensors || (count > 0 && from == nullptr)) {
    return Nonsense(std::to_string(count) + " " + std::string(kind) + "s" +
                    (from == nullptr ? " at no address" : ", expected at most 1024"));
  }
  for (const baton_spec& spec : std::span(from, count)) {
    if (Status status = AddSpec(kind, spec, specs); !status) return status;
  }
  return {};
}

}  // namespace

std::optional<DataType> DataTypeOfPlugin(std::int32_t datatype) {
  if (datatype < BATON_BOOL || datatype > BATON_BF16) return std::nullopt;
  return static_cast<DataType>(datatype);
}

Status ReadDescription(const baton_description* description, ModelInfo& info) {
  if (description == nullptr) return Nonsense("there is none");
  if (description->output_count == 0) return Nonsense("no output");
  Status status = AddSpecs("input", description->inputs, description->input_count, info.inputs);
  if (!status) return status;
  return AddSpecs("output", description->outputs, description->output_count, info.outputs);
}

}  // namespace baton::models
