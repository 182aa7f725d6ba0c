// The schema as rules: every setting, where it stands, and what its text has to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "baton/config/v1/setting.pb.h"
#include <google/protobuf/message.h>

#include "server/base/result.h"

namespace baton::config {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What the schema says of a field.
const v1::Setting& RulesOf(const FieldDescriptor& field);

// The fields of a message, in the order of the schema.
std::vector<const FieldDescriptor*> FieldsOf(const google::protobuf::Descriptor& message);

// What a field holds.
enum class Kind { kValue, kSection, kSectionsByName, kTextsByName };
Kind KindOf(const FieldDescriptor& field);
// Of kSection and kSectionsByName: the message.
const google::protobuf::Descriptor& SectionOf(const FieldDescriptor& field);

// "limits" and "body_bytes" as "limits.body_bytes".
std::string Joined(std::string_view path, std::string_view name);

// "limits.body_bytes" is below "limits", and at itself.
bool IsAtOrBelow(std::string_view path, std::string_view section);

// A setting with a value; what is named by the operator has NAME in its path.
struct KnownSetting {
  std::string path;  // "limits.body_bytes", "endpoints.NAME.max_workers"
  const FieldDescriptor* field = nullptr;
  bool is_named = false;  // below endpoints or static_files
};
// All of them, in the order of the schema.
const std::vector<KnownSetting>& AllSettings();

// "a duration such as 50ms".
std::string Expected(const v1::Setting& rules);
// "1ms to 1h", "critical, default or sheddable"; empty where everything is allowed.
std::string Allowed(const v1::Setting& rules);
// kInvalidArgument says what is allowed and what came.
Status CheckText(const v1::Setting& rules, const std::string& text);

// Requires: the text was checked.
void SetValue(Message& message, const FieldDescriptor& field, const std::string& text);
// The value as a text that is taken back.
std::string ValueOf(const Message& message, const FieldDescriptor& field);

}  // namespace baton::config
