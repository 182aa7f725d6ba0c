// Decoding, field by field, in whatever order the client wrote them.
#include "server/api/infer_request.h"

#include <utility>

#include "server/api/bad_input.h"
#include "server/api/budget_headers.h"
#include "server/api/json.h"
#include "server/api/tensor_json.h"

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

Status CheckNotBinary(const JsonMember& parameter, const Owner& owner) {
  const bool is_size = parameter.key == "binary_data_size";
  if (!is_size && parameter.key != "binary_data" && parameter.key != "binary_data_output")
    return {};
  std::string field = owner.Field("parameters.") + std::string(parameter.key);
  if (!is_size) {
    bool wants_binary = false;
    if (!parameter.value.Read(wants_binary)) {
      return Bad(std::move(field), "true or false", parameter.value);
    }
    if (!wants_binary) return {};
  }
  std::string message = field +
                        ": the binary tensor extension is not served yet, expected tensors " +
                        (is_size ? "as JSON in `data`" : "in JSON (false)");
  return Fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

// A flat object. Calls on_parameter(member) for each.
template <typename OnParameter>
Status ReadParameters(const JsonValue& value, const Owner& owner, const OnParameter& on_parameter) {
  if (!value.IsObject()) return Bad(owner.Field("parameters"), "an object", value);
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    const JsonKind kind = member->value.kind();
    if (kind == JsonKind::kNull || kind == JsonKind::kArray || kind == JsonKind::kObject) {
      return Bad(owner.Field("parameters.") + Quoted(member->key),
                 "a string, a number, true or false", member->value);
    }
    Status status = CheckNotBinary(*member, owner);
    if (!status) return status;
    on_parameter(*member);
  }
  return {};
}

Status CheckParameters(const JsonValue& value, const Owner& owner) {
  return ReadParameters(value, owner, [](const JsonMember&) {});
}

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

// The data waits until name, shape and datatype are known.
Status ReadInput(const JsonValue& value, const Owner& owner, models::Tensor& tensor) {
  if (!value.IsObject()) return Bad(Indexed(owner.list, owner.index, {}), "an object", value);
  std::optional<JsonValue> data;
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
      status = CheckParameters(member->value, owner);
    }
    if (!status) return status;
  }
  if (!has_name) return Missing(owner.Field("name"), kName);
  if (!has_shape) return Missing(owner.Field("shape"), "an array of whole numbers from 0");
  if (!has_type) return Missing(owner.Field("datatype"), "a datatype such as FP32");
  if (!data) return Missing(owner.Field("data"), "an array");
  return ReadTensor(*data, tensor, DataPlace{owner.list, owner.index, "data"});
}

Status ReadOutput(const JsonValue& value, const Owner& owner, std::string& name) {
  if (!value.IsObject()) return Bad(Indexed(owner.list, owner.index, {}), "an object", value);
  bool has_name = false;
  JsonMembers members(value);
  while (const auto member = members.Next()) {
    Status status;
    if (member->key == "name") {
      has_name = true;
      status = ReadName(member->value, owner, name);
    } else if (member->key == "parameters") {
      status = CheckParameters(member->value, owner);
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
  return ReadParameters(value, Owner(), [&request](const JsonMember& parameter) {
    std::uint64_t number = 0;
    if (parameter.key == "timeout" && parameter.value.Read(number)) {
      request.timeout = TimeoutFromMicros(number);
    } else if (parameter.key == "priority" && parameter.value.Read(number)) {
      request.priority = number;
    }
  });
}

Status ReadId(const JsonValue& value, std::optional<std::string>& id) {
  if (!value.Read(id.emplace())) return Bad("id", "a string", value);
  return {};
}

}  // namespace

Result<InferRequest> DecodeInferRequest(const std::string& body, std::size_t json_depth) {
  const auto document = ParseJsonObject(body, json_depth);
  if (!document) return tl::unexpected(document.error());
  InferRequest request;
  bool has_inputs = false;
  JsonMembers members(*document);
  while (const auto member = members.Next()) {
    Status status;
    if (member->key == "inputs") {
      has_inputs = true;
      status = ReadList(member->value, "inputs", request.inputs, ReadInput);
    } else if (member->key == "outputs") {
      status = ReadList(member->value, "outputs", request.outputs, ReadOutput);
    } else if (member->key == "parameters") {
      status = ReadRequestParameters(member->value, request);
    } else if (member->key == "id") {
      status = ReadId(member->value, request.id);
    }
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  if (!has_inputs) return Missing("inputs", "an array of objects");
  return request;
}

}  // namespace baton::api
