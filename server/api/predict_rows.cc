// Columns of rows: each model input gathers its value of every instance, then becomes one tensor.
#include "server/api/predict_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/api/bad_input.h"
#include "server/api/json.h"
#include "server/api/tensor_json.h"
#include "server/base/json_writer.h"
#include "server/models/batch.h"

namespace baton::api {
namespace {

using models::Tensor;
using models::TensorSpec;
using Column = std::vector<JsonValue>;  // one value an instance
using Dimensions = std::span<const std::int64_t>;

constexpr std::string_view kInstances = "instances";

std::string Names(std::span<const TensorSpec> specs) {
  std::string text;
  for (const TensorSpec& spec : specs) text += (text.empty() ? "" : ", ") + Quoted(spec.name);
  return text;
}

tl::unexpected<Error> BadInstance(std::size_t index, std::string_view expected,
                                  std::string_view got) {
  return tl::unexpected(BadInput(DataPlace{kInstances, index, {}}.ToText(), expected, got));
}

// Adds the members of one instance to the columns of the inputs that they name.
Status AddNamed(const JsonValue& instance, std::size_t index, std::span<const TensorSpec> specs,
                std::span<Column> columns) {
  if (!instance.IsObject()) {
    return BadInstance(index, "an object with the inputs " + Names(specs), Describe(instance));
  }
  JsonMembers members(instance);
  while (const auto member = members.Next()) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const TensorSpec& s) { return s.name == member->key; });
    if (spec == specs.end()) {
      return BadInstance(index, "only the inputs " + Names(specs), Quoted(member->key));
    }
    columns[static_cast<std::size_t>(spec - specs.begin())].push_back(member->value);
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (columns[i].size() <= index) {
      return BadInstance(index, "a value for the input " + Quoted(specs[i].name), "none");
    }
  }
  return {};
}

Result<std::vector<Column>> GatherColumns(const JsonValue& instances,
                                          std::span<const TensorSpec> specs) {
  std::vector<Column> columns(specs.size());
  const bool is_named = specs.size() != 1 || instances.At(0).IsObject();
  const std::size_t count = instances.Size();
  for (Column& column : columns) column.reserve(count);
  JsonElements elements(instances);
  for (std::size_t index = 0; index < count; ++index) {
    const JsonValue instance = *elements.Next();
    if (is_named) {
      Status status = AddNamed(instance, index, specs, columns);
      if (!status) return tl::unexpected(std::move(status.error()));
    } else {
      columns[0].push_back(instance);
    }
  }
  return columns;
}

// The dimensions that the model leaves open are taken from the first row's nesting.
Status FillOpenDimensions(JsonValue value, std::span<std::int64_t> shape, const Tensor& tensor,
                          const DataPlace& place) {
  const auto last_open = std::find(shape.rbegin(), shape.rend(), -1);
  std::span<std::int64_t> open = shape.first(static_cast<std::size_t>(shape.rend() - last_open));
  for (std::int64_t& size : open) {
    if (!value.IsArray()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "input " + Quoted(tensor.name) + ": expected arrays nested as shape " +
                      models::ToText(shape) + ", got " + Describe(value),
                  place.ToText());
    }
    if (size == -1) size = static_cast<std::int64_t>(value.Size());
    if (&size == &open.back()) break;
    if (value.Size() == 0) {
      std::replace(open.begin(), open.end(), std::int64_t{-1}, std::int64_t{0});
      break;
    }
    value = value.At(0);
  }
  return {};
}

Result<Tensor> MakeTensor(const Column& column, const TensorSpec& spec, std::string_view member) {
  Tensor tensor;
  tensor.name = spec.name;
  tensor.type = spec.type;
  tensor.shape = spec.shape;
  if (tensor.shape.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "input " + Quoted(spec.name) + " has no dimension for rows: call the model by infer");
  }
  tensor.shape[0] = static_cast<std::int64_t>(column.size());
  const std::span<std::int64_t> row = std::span(tensor.shape).subspan(1);
  Status status = FillOpenDimensions(column[0], row, tensor, {kInstances, 0, member});
  for (std::size_t i = 0; i < column.size() && status; ++i) {
    status = CheckElements(column[i], row, tensor, {kInstances, i, member});
  }
  if (!status) return tl::unexpected(std::move(status.error()));
  const std::size_t stride = models::ElementCount(row).value_or(0);
  Allocate(tensor, stride * column.size());
  for (std::size_t i = 0; i < column.size() && status; ++i) {
    status = ReadElements(column[i], row, i * stride, tensor, {kInstances, i, member});
  }
  if (!status) return tl::unexpected(std::move(status.error()));
  return tensor;
}

Result<JsonValue> FindInstances(const JsonValue& document) {
  JsonMembers members(document);
  while (const auto member = members.Next()) {
    if (member->key != kInstances) continue;
    if (member->value.IsArray() && member->value.Size() > 0) return member->value;
    return tl::unexpected(BadInput("instances", "an array of at least one row", member->value));
  }
  return tl::unexpected(BadInput("instances", "an array of at least one row", "nothing"));
}

Status CheckRows(const Tensor& output, std::size_t count) {
  if (!output.shape.empty() && std::cmp_equal(output.shape[0], count)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "output " + Quoted(output.name) + ": expected a row for each of " +
                  std::to_string(count) + " instances, the model gave shape " +
                  models::ToText(output.shape) + ": call the model by infer");
}

Status AppendRow(std::string& out, const Tensor& output, std::size_t index) {
  const Dimensions row = Dimensions(output.shape).subspan(1);
  return AppendNested(out, output, row, index * models::ElementCount(row).value_or(0));
}

Status AppendNamedRow(std::string& out, std::span<const Tensor> tensors, std::size_t index) {
  out += '{';
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, tensors[i].name);
    out += ':';
    Status status = AppendRow(out, tensors[i], index);
    if (!status) return status;
  }
  out += '}';
  return {};
}

Status AppendPrediction(std::string& out, std::span<const Tensor> outputs, std::size_t index) {
  if (outputs.size() == 1) return AppendRow(out, outputs[0], index);
  return AppendNamedRow(out, outputs, index);
}

// {"<list>": [row, ...]}, each row by `append(out, tensors, index)`.
template <typename Append>
Result<std::string> EncodeRows(std::string_view list, std::span<const Tensor> tensors,
                               std::size_t count, const Append& append) {
  std::string out = "{\"" + std::string(list) + "\":[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    Status status = append(out, tensors, i);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  out += "]}";
  return out;
}

}  // namespace

Result<Rows> DecodeInstances(const std::string& body, const models::ModelInfo& model,
                             std::size_t json_depth) {
  const auto document = ParseJsonObject(body, json_depth);
  if (!document) return tl::unexpected(document.error());
  const auto instances = FindInstances(*document);
  if (!instances) return tl::unexpected(instances.error());
  const auto columns = GatherColumns(*instances, model.inputs);
  if (!columns) return tl::unexpected(columns.error());
  const bool is_named = instances->At(0).IsObject();
  Rows rows;
  rows.count = instances->Size();
  for (std::size_t i = 0; i < columns->size(); ++i) {
    const TensorSpec& spec = model.inputs[i];
    auto tensor = MakeTensor((*columns)[i], spec, is_named ? spec.name : std::string_view());
    if (!tensor) return tl::unexpected(std::move(tensor.error()));
    rows.inputs.push_back(std::move(*tensor));
  }
  return rows;
}

Result<std::string> EncodePredictions(std::span<const Tensor> outputs, std::size_t count) {
  for (const Tensor& output : outputs) {
    Status status = CheckRows(output, count);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  return EncodeRows("predictions", outputs, count, AppendPrediction);
}

Result<std::string> EncodeInstances(std::span<const Tensor> inputs) {
  const auto rows = models::RowsOf(inputs);
  if (!rows) return Fail(ErrorCode::kInvalidArgument, "the inputs do not have the same rows");
  return EncodeRows(kInstances, inputs, *rows, AppendNamedRow);
}

}  // namespace baton::api
