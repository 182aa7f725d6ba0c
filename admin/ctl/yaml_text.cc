// A walk over the fields of a message, in the order of the schema.
#include "admin/ctl/yaml_text.h"

#include <cctype>
#include <memory>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include "server/base/json_writer.h"
#include "server/config/text.h"

namespace baton::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kStep = 2;

std::string TextOf(const std::string& text) {
  const bool looks_like_a_number =
      !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0;
  if (!looks_like_a_number) return config::Quoted(text);
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

template <typename Number>
std::string NumberOf(Number number) {
  std::string text;
  AppendJsonNumber(text, number);
  return text;
}

// Number `index` of a repeated field; of another one its only value, for -1.
std::string ScalarOf(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& from = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? from.GetBool(message, &field) : from.GetRepeatedBool(message, &field, index))
                 ? "true"
                 : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(one ? from.GetInt32(message, &field)
                                : from.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(one ? from.GetInt64(message, &field)
                                : from.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(one ? from.GetUInt32(message, &field)
                                : from.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(one ? from.GetUInt64(message, &field)
                                : from.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberOf(one ? from.GetDouble(message, &field)
                          : from.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberOf(one ? from.GetFloat(message, &field)
                          : from.GetRepeatedFloat(message, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return (one ? from.GetEnum(message, &field) : from.GetRepeatedEnum(message, &field, index))
          ->name();
    default:
      return TextOf(one ? from.GetString(message, &field)
                        : from.GetRepeatedString(message, &field, index));
  }
}

void AddRepeated(const Message& message, const FieldDescriptor& field, std::size_t indent,
                 std::string& text) {
  const Reflection& from = *message.GetReflection();
  const int size = from.FieldSize(message, &field);
  const std::string margin(indent, ' ');
  text += margin + field.name() + (size == 0 ? ": []\n" : ":\n");
  for (int i = 0; i < size; ++i) {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      text += margin + "- " + ScalarOf(message, field, i) + "\n";
      continue;
    }
    std::string item = ToYaml(from.GetRepeatedMessage(message, &field, i), indent + kStep);
    if (item.empty()) item = margin + "  {}\n";
    item[indent] = '-';
    text += item;
  }
}

void AddField(const Message& message, const FieldDescriptor& field, std::size_t indent,
              std::string& text) {
  const Reflection& from = *message.GetReflection();
  if (field.is_repeated()) return AddRepeated(message, field, indent, text);
  if (field.has_presence() && !from.HasField(message, &field)) return;
  text += std::string(indent, ' ') + field.name() + ":";
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    text += " " + ScalarOf(message, field, -1) + "\n";
    return;
  }
  const std::string below = ToYaml(from.GetMessage(message, &field), indent + kStep);
  text += below.empty() ? " {}\n" : "\n" + below;
}

// What is in an Any, with its type, as its JSON has it; empty where the type is not known.
std::string InsideOf(const google::protobuf::Any& any, std::size_t indent) {
  const std::string& url = any.type_url();
  const auto* const kind =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          url.substr(url.rfind('/') + 1));
  if (kind == nullptr) return "";
  const std::unique_ptr<Message> inside(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(kind)->New());
  if (!inside->ParseFromString(any.value())) return "";
  return std::string(indent, ' ') + "\"@type\": " + TextOf(url) + "\n" + ToYaml(*inside, indent);
}

}  // namespace

std::string ToYaml(const Message& message, std::size_t indent) {
  if (message.GetDescriptor() == google::protobuf::Any::descriptor()) {
    return InsideOf(static_cast<const google::protobuf::Any&>(message), indent);
  }
  std::string text;
  const google::protobuf::Descriptor& kind = *message.GetDescriptor();
  for (int i = 0; i < kind.field_count(); ++i) AddField(message, *kind.field(i), indent, text);
  return text;
}

}  // namespace baton::ctl
