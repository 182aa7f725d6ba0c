// Decoding, field by field, in whatever order the client wrote them.
#include "server/api/infer_request.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "server/api/bad_input.h"
#include "server/api/budget_headers.h"
#include "server/api/inference_header.h"
#include "server/api/json.h"
#include "server/api/tensor_json.h"
#include "server/api/tensor_raw.h"

namespace baton::api {
namespace {

std::string Indexed(std::string_view list, std::size_t index, std::string_view member) {
  return DataPlace{list, index, member}.ToText();
}

tl::unexpected<Error> Bad(std::string field, std::string_view expected, const JsonValue& got) {
  return tl::unexpected(BadInput(std::move(field), expected, got));
}

tl::unexpected<Error> Missing(std::string field, std::string_view expected) {
  return tl::unexpected(BadInput(std::move(field), expected, "nothing"));
}

constexpr std::string_view kName = "a string, the tensor's name";

// Where the field of an error is: the text is made only for one.
struct Owner {
  std::string_view list;  // empty for the request itself
  std::size_t index = 0;

  std::string Field(std::string_view member) const {
    return list.empty() ? std::string(member) : Indexed(list, index, member);
  }
};

// A flat object, or null for none. Calls on_parameter(member), whose status counts, for each.
template <typename OnParameter>
Status ReadParameters(const JsonValue& value, const Owner& owner, const OnParameter& on_parameter) {
  if (value.kind() == JsonKind::kNull) return {};
  if (!value.IsObject()) return Bad(owner.Field("parameters"), "an object", value);
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    const JsonKind kind = member->value.kind();
    if (kind == JsonKind::kNull || kind == JsonKind::kArray || kind == JsonKind::kObject) {
      return Bad(owner.Field("parameters.") + Quoted(member->key),
                 "a string, a number, true or false", member->value);
    }
    if (Status status = on_parameter(*member); !status) return status;
  }
  return {};
}

template <typename T>
Status ReadParameter(const JsonMember& parameter, const Owner& owner, std::string_view expected,
                     std::optional<T>& out) {
  if (parameter.value.Read(out.emplace())) return {};
  return Bad(owner.Field("parameters.") + std::string(parameter.key), expected, parameter.value);
}

constexpr std::string_view kYesOrNo = "true or false";

// The raw tensors behind the JSON, from the front.
class RawTail {
 public:
  // `is_said`: the request has the header that tells where it begins.
  RawTail(std::span<const std::byte> bytes, bool is_said) : rest_(bytes), is_said_(is_said) {}

  Status Read(std::size_t bytes, const Owner& owner, models::Tensor& tensor) {
    const DataPlace place{owner.list, owner.index, "parameters.binary_data_size"};
    if (!is_said_) {
      return tl::unexpected(BadInput(
          kInferenceHeader, "the size of the JSON, as " + place.ToText() + " is there", "nothing"));
    }
    if (bytes > rest_.size()) {
      return tl::unexpected(BadInput(
          place.ToText(),
          "at most the bytes that are left behind the JSON (" + std::to_string(rest_.size()) + ")",
          std::to_string(bytes)));
    }
    Status status = ReadRawElements(rest_.first(bytes), tensor, place);
    rest_ = rest_.subspan(bytes);
    return status;
  }

  Status CheckIsRead() const {
    if (rest_.empty()) return {};
    return tl::unexpected(BadInput(
        kInferenceHeader, "no bytes behind the JSON but what the inputs' binary_data_size say",
        std::to_string(rest_.size()) + " more"));
  }

 private:
  std::span<const std::byte> rest_;
  const bool is_said_;
};

Status ReadShape(const JsonValue& value, const Owner& owner, models::Shape& shape) {
  constexpr std::string_view kExpected = "an array of whole numbers from 0";
  if (!value.IsArray()) return Bad(owner.Field("shape"), kExpected, value);
  shape.resize(value.Size());
  const std::size_t read = value.ReadElements(std::span(shape));
  if (read < shape.size()) return Bad(owner.Field("shape"), kExpected, value.At(read));
  for (const std::int64_t size : shape) {
    if (size < 0) {
      return tl::unexpected(BadInput(owner.Field("shape"), kExpected, models::ToText(shape)));
    }
  }
  if (models::ElementCount(shape)) return {};
  return tl::unexpected(
      BadInput(owner.Field("shape"), "at most 2^40 elements", models::ToText(shape)));
}

Status ReadType(const JsonValue& value, const Owner& owner, models::DataType& out) {
  const auto type =
      value.IsString() ? models::DataTypeFromText(value.Text()) : std::optional<models::DataType>();
  if (!type) {
    return Bad(owner.Field("datatype"),
               "one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, "
               "FP64, BYTES, BF16",
               value);
  }
  out = *type;
  return {};
}

Status ReadName(const JsonValue& value, const Owner& owner, std::string& name) {
  if (!value.Read(name)) return Bad(owner.Field("name"), kName, value);
  return {};
}

Status ReadInputParameters(const JsonValue& value, const Owner& owner,
                           std::optional<std::size_t>& raw_bytes) {
  return ReadParameters(value, owner, [&](const JsonMember& parameter) -> Status {
    if (parameter.key != "binary_data_size") return {};
    return ReadParameter(parameter, owner, "a whole number from 0", raw_bytes);
  });
}

// Out of `data` or, with `raw_bytes`, out of what lies behind the JSON.
Status ReadElementsOf(const std::optional<JsonValue>& data,
                      const std::optional<std::size_t>& raw_bytes, const Owner& owner,
                      RawTail& tail, models::Tensor& tensor) {
  if (raw_bytes && data) {
    return Bad(owner.Field("data"), "nothing beside parameters.binary_data_size", *data);
  }
  if (raw_bytes) return tail.Read(*raw_bytes, owner, tensor);
  if (!data) return Missing(owner.Field("data"), "an array");
  return ReadTensor(*data, tensor, DataPlace{owner.list, owner.index, "data"});
}

// The data waits until name, shape and datatype are known.
Status ReadInput(const JsonValue& value, const Owner& owner, RawTail& tail,
                 models::Tensor& tensor) {
  if (!value.IsObject()) return Bad(Indexed(owner.list, owner.index, {}), "an object", value);
  std::optional<JsonValue> data;
  std::optional<std::size_t> raw_bytes;
  bool has_name = false;
  bool has_shape = false;
  bool has_type = false;
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    Status status;
    if (member->key == "name") {
      has_name = true;
      status = ReadName(member->value, owner, tensor.name);
    } else if (member->key == "shape") {
      has_shape = true;
      status = ReadShape(member->value, owner, tensor.shape);
    } else if (member->key == "datatype") {
      has_type = true;
      status = ReadType(member->value, owner, tensor.type);
    } else if (member->key == "data") {
      data = member->value;
    } else if (member->key == "parameters") {
      status = ReadInputParameters(member->value, owner, raw_bytes);
    }
    if (!status) return status;
  }
  if (!has_name) return Missing(owner.Field("name"), kName);
  if (!has_shape) return Missing(owner.Field("shape"), "an array of whole numbers from 0");
  if (!has_type) return Missing(owner.Field("datatype"), "a datatype such as FP32");
  return ReadElementsOf(data, raw_bytes, owner, tail, tensor);
}

// What a request says of an output; what it leaves open the request as a whole says.
struct AskedOutput {
  std::string name;
  std::optional<bool> is_raw;
  std::optional<std::size_t> classes;
};

Status ReadOutputParameters(const JsonValue& value, const Owner& owner, AskedOutput& output) {
  return ReadParameters(value, owner, [&](const JsonMember& parameter) -> Status {
    if (parameter.key == "binary_data") {
      return ReadParameter(parameter, owner, kYesOrNo, output.is_raw);
    }
    if (parameter.key != "classification") return {};
    constexpr std::string_view kExpected = "a whole number from 1";
    Status status = ReadParameter(parameter, owner, kExpected, output.classes);
    if (!status || *output.classes > 0) return status;
    return Bad(owner.Field("parameters.classification"), kExpected, parameter.value);
  });
}

Status ReadOutput(const JsonValue& value, const Owner& owner, AskedOutput& output) {
  if (!value.IsObject()) return Bad(Indexed(owner.list, owner.index, {}), "an object", value);
  bool has_name = false;
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    Status status;
    if (member->key == "name") {
      has_name = true;
      status = ReadName(member->value, owner, output.name);
    } else if (member->key == "parameters") {
      status = ReadOutputParameters(member->value, owner, output);
    }
    if (!status) return status;
  }
  if (!has_name) return Missing(owner.Field("name"), kName);
  return {};
}

// Reads each element of the array `list` with `read` into a new element of `out`.
template <typename T, typename Read>
Status ReadList(const JsonValue& value, std::string_view list, std::vector<T>& out,
                const Read& read) {
  if (!value.IsArray()) return Bad(std::string(list), "an array of objects", value);
  out.reserve(value.Size());
  JsonElements elements(value);
  while (const auto element = elements.Next()) {
    const Owner owner{list, out.size()};
    Status status = read(*element, owner, out.emplace_back());
    if (!status) return status;
  }
  return {};
}

Status ReadRequestParameters(const JsonValue& value, InferRequest& request) {
  const Owner owner;
  return ReadParameters(value, owner, [&](const JsonMember& parameter) -> Status {
    std::uint64_t number = 0;
    if (parameter.key == "timeout" && parameter.value.Read(number)) {
      request.timeout = TimeoutFromMicros(number);
    } else if (parameter.key == "priority" && parameter.value.Read(number)) {
      request.priority = number;
    } else if (parameter.key == "binary_data_output") {
      std::optional<bool> is_raw;
      Status status = ReadParameter(parameter, owner, kYesOrNo, is_raw);
      if (!status) return status;
      request.forms.of_all.is_raw = *is_raw;
    }
    return {};
  });
}

Status ReadId(const JsonValue& value, std::optional<std::string>& id) {
  if (value.kind() == JsonKind::kNull) return {};
  if (!value.Read(id.emplace())) return Bad("id", "a string", value);
  return {};
}

void SetOutputs(std::vector<AskedOutput>&& outputs, InferRequest& request) {
  for (AskedOutput& output : outputs) {
    request.forms.of_named.push_back(
        {output.is_raw.value_or(request.forms.of_all.is_raw), output.classes.value_or(0)});
    request.outputs.push_back(std::move(output.name));
  }
}

Result<InferRequest> DecodeJson(const JsonValue& document, RawTail& tail) {
  InferRequest request;
  std::vector<AskedOutput> outputs;
  bool has_inputs = false;
  const auto read_input = [&tail](const JsonValue& value, const Owner& owner,
                                  models::Tensor& tensor) {
    return ReadInput(value, owner, tail, tensor);
  };
  JsonMembers members(document);
  while (const auto member = members.Next()) {
    Status status;
    if (member->key == "inputs") {
      has_inputs = true;
      status = ReadList(member->value, "inputs", request.inputs, read_input);
    } else if (member->key == "outputs" && member->value.kind() != JsonKind::kNull) {
      status = ReadList(member->value, "outputs", outputs, ReadOutput);
    } else if (member->key == "parameters") {
      status = ReadRequestParameters(member->value, request);
    } else if (member->key == "id") {
      status = ReadId(member->value, request.id);
    }
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  if (!has_inputs) return Missing("inputs", "an array of objects");
  SetOutputs(std::move(outputs), request);
  return request;
}

Result<InferRequest> DecodeFront(const std::string& body, std::optional<std::size_t> json_bytes,
                                 std::size_t json_depth) {
  const std::size_t size = json_bytes.value_or(body.size());
  if (auto fault = FaultOfInferenceHeader(size, body.size())) {
    return tl::unexpected(std::move(*fault));
  }
  const auto document = ParseJsonObject(body, json_depth, size);
  if (!document) return tl::unexpected(document.error());
  RawTail tail(std::as_bytes(std::span(body).subspan(size)), json_bytes.has_value());
  auto request = DecodeJson(*document, tail);
  if (!request) return request;
  if (Status status = tail.CheckIsRead(); !status) return tl::unexpected(std::move(status.error()));
  return request;
}

// The shape that `bytes` bytes fill; an open dimension is as large as they make it.
Result<models::Shape> ShapeOf(const models::TensorSpec& spec, std::size_t bytes) {
  const bool is_text = spec.type == models::DataType::kBytes;
  models::Shape shape = spec.shape;
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (!is_text && open != shape.end()) {
    *open = 1;
    const std::size_t row =
        models::ElementCount(shape).value_or(0) * models::ElementSize(spec.type);
    if (row > 0) *open = static_cast<std::int64_t>(bytes / row);
  }
  if (is_text) std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  const auto count = models::ElementCount(shape);
  if (count && (is_text ? *count == 1 : *count * models::ElementSize(spec.type) == bytes)) {
    return shape;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "input " + Quoted(spec.name) + ": expected " +
                  (is_text ? "a shape of one element"
                           : "the bytes of a shape with one open "
                             "dimension at most") +
                  " where the body is nothing but the tensor, got " + std::to_string(bytes) +
                  " bytes for shape " + models::ToText(spec.shape) + " of " +
                  std::string(models::ToText(spec.type)),
              kInferenceHeader);
}

Result<InferRequest> DecodeBare(const std::string& body, const models::ModelInfo& model) {
  if (model.inputs.size() != 1) {
    return tl::unexpected(BadInput(
        kInferenceHeader,
        "the size of the JSON, as the model has " + std::to_string(model.inputs.size()) + " inputs",
        "'0', which is for one"));
  }
  const models::TensorSpec& spec = model.inputs.front();
  auto shape = ShapeOf(spec, body.size());
  if (!shape) return tl::unexpected(std::move(shape.error()));
  InferRequest request;
  request.forms.of_all.is_raw = true;
  models::Tensor& tensor = request.inputs.emplace_back();
  tensor.name = spec.name;
  tensor.type = spec.type;
  tensor.shape = std::move(*shape);
  if (spec.type == models::DataType::kBytes) {
    tensor.strings.push_back(body);
    return request;
  }
  Status status =
      ReadRawElements(std::as_bytes(std::span(body)), tensor, DataPlace{"inputs", 0, {}});
  if (!status) return tl::unexpected(std::move(status.error()));
  return request;
}

}  // namespace

Result<InferRequest> DecodeInferRequest(const std::string& body, std::size_t json_depth) {
  return DecodeFront(body, std::nullopt, json_depth);
}

Result<InferRequest> DecodeInferRequest(const std::string& body,
                                        std::optional<std::size_t> json_bytes,
                                        const models::ModelInfo& model, std::size_t json_depth) {
  if (json_bytes == std::size_t{0}) return DecodeBare(body, model);
  return DecodeFront(body, json_bytes, json_depth);
}

}  // namespace baton::api
