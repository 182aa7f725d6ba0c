// A walk over messages, fields, enums and calls, each with the comment before it.
#include "admin/ctl/api_topics.h"

#include <algorithm>
#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

namespace baton::ctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

// Its comment, as one line.
template <typename Described>
std::string CommentOf(const Described& described) {
  SourceLocation location;
  if (!described.GetSourceLocation(&location)) return "";
  std::string text = location.leading_comments;
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (text.starts_with(' ')) text.erase(0, 1);
  while (text.ends_with(' ')) text.pop_back();
  for (std::size_t at = text.find("  "); at != text.npos; at = text.find("  ")) text.erase(at, 1);
  return text;
}

std::string TypeOf(const FieldDescriptor& field) {
  std::string type = field.is_repeated()            ? "repeated "
                     : field.has_optional_keyword() ? "optional "
                                                    : "";
  if (field.message_type() != nullptr) return type + field.message_type()->name();
  if (field.enum_type() != nullptr) return type + field.enum_type()->name();
  return type + field.type_name();
}

void AddMessage(const Descriptor& message, std::vector<Topic>& messages,
                std::vector<Topic>& fields) {
  Topic topic{"message", message.name(), {message.full_name()}, {{"what", CommentOf(message)}}};
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    topic.facts.push_back({field.name(), TypeOf(field)});
    fields.push_back({"field",
                      message.name() + "." + field.name(),
                      {field.full_name(), field.name()},
                      {{"what", CommentOf(field)}, {"type", TypeOf(field)}}});
  }
  messages.push_back(std::move(topic));
}

void AddEnum(const EnumDescriptor& words, std::vector<Topic>& messages,
             std::vector<Topic>& fields) {
  Topic topic{"message", words.name(), {words.full_name()}, {{"what", CommentOf(words)}}};
  for (int i = 0; i < words.value_count(); ++i) {
    const std::string comment = CommentOf(*words.value(i));
    topic.facts.push_back({words.value(i)->name(), comment});
    fields.push_back(
        {"field", words.value(i)->name(), {}, {{"what", comment}, {"value of", words.name()}}});
  }
  messages.push_back(std::move(topic));
}

void AddService(const ServiceDescriptor& service, std::vector<Topic>& methods) {
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& method = *service.method(i);
    methods.push_back({"method",
                       method.name(),
                       {method.full_name(), service.full_name() + "/" + method.name()},
                       {{"what", CommentOf(method)},
                        {"takes", method.input_type()->name()},
                        {"gives", method.output_type()->name()}}});
  }
}

}  // namespace

std::vector<Topic> ApiTopics(std::string_view descriptors) {
  google::protobuf::FileDescriptorSet files;
  if (!files.ParseFromArray(descriptors.data(), static_cast<int>(descriptors.size()))) return {};
  DescriptorPool pool;
  std::vector<Topic> messages;
  std::vector<Topic> fields;
  std::vector<Topic> methods;
  for (const auto& proto : files.file()) {
    const FileDescriptor* const file = pool.BuildFile(proto);
    if (file == nullptr || !file->package().starts_with("baton.")) continue;
    for (int i = 0; i < file->message_type_count(); ++i) {
      AddMessage(*file->message_type(i), messages, fields);
    }
    for (int i = 0; i < file->enum_type_count(); ++i) {
      AddEnum(*file->enum_type(i), messages, fields);
    }
    for (int i = 0; i < file->service_count(); ++i) AddService(*file->service(i), methods);
  }
  messages.insert(messages.end(), fields.begin(), fields.end());
  messages.insert(messages.end(), methods.begin(), methods.end());
  return messages;
}

}  // namespace baton::ctl
